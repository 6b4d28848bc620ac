#!/usr/bin/env python3
"""A scriptable endpoint on loopback: a real HTTP/1.1 server for tests and benchmarks.

    server.py --port-file FILE [--script S.json] [--log REQUESTS.ndjson] [--pid-file FILE]
              [--max-seconds 120] [--port 0] [--host 127.0.0.1]

Binds a free port, then writes it (a decimal number) to FILE, atomically. Ends when its parent
ends, on SIGTERM, or after --max-seconds. Python 3 standard library only.

Paths
    GET  /v1/models             the script's "models"
    POST /v1/chat/completions   OpenAI chat completions, streamed where `stream` is true
    POST /v1/responses          a minimal Responses API, streamed where `stream` is true
    GET  /requests              how many POSTs were answered, by queue: {"builder": 2, …}
The same without /v1. Anything else is a 404.

Script (JSON; all of it optional)
    {"models": ["test-model"],          default: ["test-model"]
     "key": "secret",                   every request must bear this key, else 401
     "repeat": true,                    a queue that ran out repeats its last answer; else a 500
     "answers": {"builder": [ANSWER, …], "default": [ANSWER, …]}}
The queue is the persona that the system message names: the first of Pacer, Maven, Builder,
Guardian, Artisan found behind "You are " (else anywhere in its first line), in lower case; the
queue "default" serves personas without a queue of their own. Without any queue the answer is "ok".
Each request takes the next ANSWER, also when it is an error. A text alone is {"text": TEXT}.

ANSWER
    text            what the model says ("")
    model           the name that answers (default: the one asked for)
    finish_reason   "stop"
    refusal         a refusal instead of text
    usage           the usage object as sent; null: none; default: 4 bytes a token
    usage_in        "last" (a last chunk without choices, default), "choices" (beside the last choice)
    stream          false: one JSON object even when a stream was asked for
    done            false: no [DONE] at the end; finish false: no finish_reason either
    chunk           characters a piece (default: all in one)
    split           bytes a write to the socket (default: whole events)
    newline         "\\n" (default), "\\r\\n" or "\\r"
    delay_ms        before the headers; first_ms before the first body byte; chunk_ms before each piece
    hang            true: after the headers (or what close_after_bytes left) nothing more comes
    status, body, headers   another status, body (text, or JSON value) and header fields: 429 with
                    {"Retry-After": "1"}, an HTML page with 200, broken JSON, an error object …
    close_after_bytes  so many bytes of the body are sent, then the connection is reset
    huge_mb         one line of so many MiB within the stream
    refuse_schema   true: 400 when response_format is asked for (the answer stays in the queue)
    refuse          a key of the request's body that is refused so, such as "stream_options"
    refuse_message  the words for it
    tool            {"name": …, "arguments": …}: a function call, /v1/responses only
With --log, one line a request: {"n", "path", "queue", "headers", "body", "time"}.
"""
import argparse
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PERSONAS = ("Pacer", "Maven", "Builder", "Guardian", "Artisan")


class State:
    """What the requests share."""

    def __init__(self, script, log):
        self.script = script
        self.lock = threading.Lock()
        self.taken = {}
        self.count = 0
        self.log_file = open(log, "a", encoding="utf-8") if log else None

    def queue_for(self, system):
        """The persona a system prompt speaks to, or "default"."""
        match = re.search(r"You are (?:\*\*)?(" + "|".join(PERSONAS) + r")\b", system)
        first = system.split("\n", 1)[0]
        match = match or re.search(r"\b(" + "|".join(PERSONAS) + r")\b", first)
        name = match.group(1).lower() if match else "default"
        return name

    def take(self, name, body):
        """The next answer of a queue, None when it ran out."""
        answers = self.script.get("answers", {})
        queue = answers.get(name, answers.get("default"))
        with self.lock:
            i = self.taken.get(name, 0)
            if queue is None:
                self.taken[name] = i + 1
                return {"text": "ok"} if not answers else None
            if i >= len(queue):
                if not self.script.get("repeat") or not queue:
                    return None
                i = len(queue) - 1
            answer = queue[i]
            if isinstance(answer, str):
                answer = {"text": answer}
            refused = refused_key(answer, body)
            if refused:
                return {"status": 400, "body": {"error": {
                    "message": answer.get("refuse_message", "Unsupported parameter: '%s'" % refused),
                    "type": "invalid_request_error", "param": refused, "code": None}}}
            self.taken[name] = self.taken.get(name, 0) + 1
            return answer

    def note(self, entry):
        with self.lock:
            self.count += 1
            entry["n"] = self.count
            if self.log_file:
                self.log_file.write(json.dumps(entry) + "\n")
                self.log_file.flush()


def refused_key(answer, body):
    if answer.get("refuse_schema") and "response_format" in body:
        return "response_format"
    if answer.get("refuse") in body:
        return answer["refuse"]
    return None


def text_of(content):
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return ""


def pieces_of(text, size):
    if not text:
        return []
    return [text[i:i + size] for i in range(0, len(text), size)] if size else [text]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "council-test"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, *args):
        pass

    # ---- writing ----

    def pause(self, ms):
        if ms:
            time.sleep(ms / 1000)

    def begin(self, status, kind, length=None, fields=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for key, value in (fields or {}).items():
            self.send_header(key, str(value))
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def reset(self):
        """Ends the connection the way a crash does."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close_connection = True
        self.connection.close()
        raise ConnectionAbortedError

    def hang(self):
        self.wfile.flush()
        while True:
            time.sleep(1)
            if self.server.state.stopping:
                raise ConnectionAbortedError

    def chunk(self, data):
        self.wfile.write(b"%x\r\n" % len(data) + data + b"\r\n")

    def put(self, data, answer):
        """Sends stream bytes under the answer's limits; self.sent counts them."""
        limit = answer.get("close_after_bytes")
        if limit is not None and self.sent + len(data) >= limit:
            data = data[:limit - self.sent]
            if data:
                self.chunk(data)
            if answer.get("hang"):
                self.hang()
            self.reset()
        split = answer.get("split") or len(data)
        for i in range(0, len(data), split):
            self.chunk(data[i:i + split])
            if split < len(data):
                self.wfile.flush()
        self.sent += len(data)

    def whole(self, status, body, answer=None, kind="application/json"):
        answer = answer or {}
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        if isinstance(body, str) and body.lstrip().startswith("<"):
            kind = "text/html"
        fields = dict(answer.get("headers") or {})
        kind = fields.pop("Content-Type", kind)
        limit = answer.get("close_after_bytes")
        self.begin(status, kind, len(data), fields)
        if answer.get("hang"):
            self.hang()
        self.pause(answer.get("first_ms"))
        if limit is not None:
            self.wfile.write(data[:limit])
            self.reset()
        self.wfile.write(data)
        self.wfile.flush()

    def event(self, value, answer, name=None):
        newline = answer.get("newline", "\n")
        text = value if isinstance(value, str) else json.dumps(value)
        head = "event: %s%s" % (name, newline) if name else ""
        self.put((head + "data: " + text + newline * 2).encode(), answer)

    # ---- requests ----

    def do_GET(self):
        state = self.server.state
        path = self.path.split("?", 1)[0].replace("/v1/", "/", 1)
        if not self.allowed():
            return
        if path == "/models":
            self.whole(200, {"object": "list", "data": [
                {"id": m, "object": "model", "created": 0, "owned_by": "test"}
                for m in state.script.get("models", ["test-model"])]})
        elif path == "/requests":
            self.whole(200, state.taken)
        else:
            self.whole(404, {"error": {"message": "no such path", "type": "not_found"}})

    def allowed(self):
        key = self.server.state.script.get("key")
        given = self.headers.get("Authorization", "")
        if key and given != "Bearer " + key:
            self.whole(401, {"error": {"message": "Incorrect API key provided: %s" % given[7:],
                                       "type": "invalid_request_error",
                                       "code": "invalid_api_key"}})
            return False
        return True

    def do_POST(self):
        self.sent = 0
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?", 1)[0].replace("/v1/", "/", 1)
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        if path not in ("/chat/completions", "/responses") or not isinstance(body, dict):
            self.whole(404 if isinstance(body, dict) else 400,
                       {"error": {"message": "no such path, or the body is not JSON"}})
            return
        name = self.server.state.queue_for(self.system_of(body))
        self.server.state.note({"path": self.path, "queue": name, "time": time.time(),
                                "headers": dict(self.headers), "body": body})
        if not self.allowed():
            return
        try:
            self.serve(path, body, self.server.state.take(name, body), name)
        except (ConnectionError, OSError):
            self.close_connection = True

    def system_of(self, body):
        if isinstance(body.get("instructions"), str):
            return body["instructions"]
        for message in body.get("messages") or body.get("input") or []:
            if isinstance(message, dict) and message.get("role") in ("system", "developer"):
                return text_of(message.get("content"))
        return ""

    def serve(self, path, body, answer, name):
        if answer is None:
            self.whole(500, {"error": {"message": "the script has no further answer for " + name,
                                       "type": "server_error"}})
            return
        models = self.server.state.script.get("models")
        if models and body.get("model") not in models:
            self.whole(404, {"error": {"message": "The model `%s` does not exist" % body.get("model"),
                                       "type": "invalid_request_error", "code": "model_not_found"}})
            return
        self.pause(answer.get("delay_ms"))
        if "body" in answer or answer.get("status", 200) != 200:
            self.whole(answer.get("status", 200),
                       answer.get("body", {"error": {"message": "scripted error"}}), answer)
            return
        stream = body.get("stream") and answer.get("stream", True)
        if path == "/responses":
            self.responses_api(body, answer, stream)
        elif stream:
            self.chat_stream(body, answer)
        else:
            self.chat_whole(body, answer)

    # ---- chat completions ----

    def usage(self, body, answer):
        if "usage" in answer:
            return answer["usage"]
        prompt = sum(len(text_of(m.get("content"))) for m in body.get("messages") or [])
        tokens = {"prompt_tokens": prompt // 4 + 1,
                  "completion_tokens": len(answer.get("text", "")) // 4 + 1}
        tokens["total_tokens"] = sum(tokens.values())
        return tokens

    def chat_whole(self, body, answer):
        message = {"role": "assistant", "content": answer.get("text", "")}
        if "refusal" in answer:
            message = {"role": "assistant", "content": None, "refusal": answer["refusal"]}
        value = {"id": "chatcmpl-test", "object": "chat.completion", "created": 0,
                 "model": answer.get("model", body.get("model")),
                 "choices": [{"index": 0, "message": message,
                              "finish_reason": answer.get("finish_reason", "stop")}]}
        usage = self.usage(body, answer)
        if usage is not None:
            value["usage"] = usage
        self.whole(200, value, answer)

    def chat_stream(self, body, answer):
        base = {"id": "chatcmpl-test", "object": "chat.completion.chunk", "created": 0,
                "model": answer.get("model", body.get("model"))}
        self.begin(200, "text/event-stream", None, answer.get("headers"))
        if answer.get("hang") and "close_after_bytes" not in answer:
            self.hang()
        if answer.get("first_ms"):
            self.wfile.flush()
            self.pause(answer["first_ms"])

        def send(delta, finish=None, extra=None):
            value = dict(base, choices=[{"index": 0, "delta": delta, "finish_reason": finish}])
            value.update(extra or {})
            self.event(value, answer)

        if answer.get("huge_mb"):
            self.huge(answer)
        send({"role": "assistant", "content": ""})
        for piece in pieces_of(answer.get("text", ""), answer.get("chunk")):
            if answer.get("chunk_ms"):
                self.wfile.flush()
                self.pause(answer["chunk_ms"])
            send({"content": piece})
        if "refusal" in answer:
            send({"refusal": answer["refusal"]})
        usage = self.usage(body, answer)
        beside = answer.get("usage_in") == "choices"
        if answer.get("finish", True):
            send({}, answer.get("finish_reason", "stop"),
                 {"usage": usage} if beside and usage is not None else None)
        asked = (body.get("stream_options") or {}).get("include_usage")
        if usage is not None and asked and not beside:
            self.event(dict(base, choices=[], usage=usage), answer)
        if answer.get("done", True):
            self.event("[DONE]", answer)
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def huge(self, answer):
        self.put(b"data: {\"x\": \"", answer)
        for _ in range(answer["huge_mb"]):
            self.put(b"x" * (1 << 20), answer)
        self.put(b"\"}\n\n", answer)

    # ---- responses ----

    def output_item(self, answer):
        tool = answer.get("tool")
        if tool:
            return {"type": "function_call", "id": "fc_test", "call_id": "call_test",
                    "name": tool["name"], "arguments": json.dumps(tool.get("arguments", {})),
                    "status": "completed"}
        return {"type": "message", "id": "msg_test", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": answer.get("text", ""),
                             "annotations": []}]}

    def responses_api(self, body, answer, stream):
        item = self.output_item(answer)
        usage = {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 0},
                 "output_tokens": 10, "output_tokens_details": {"reasoning_tokens": 0},
                 "total_tokens": 20}
        value = {"id": "resp_test", "object": "response", "created_at": 0, "status": "completed",
                 "model": answer.get("model", body.get("model")), "output": [item], "usage": usage,
                 "error": None, "incomplete_details": None, "parallel_tool_calls": False,
                 "tool_choice": "auto", "tools": []}
        if not stream:
            self.whole(200, value, answer)
            return
        self.begin(200, "text/event-stream", None, answer.get("headers"))
        number = [0]

        def send(kind, **fields):
            self.event(dict({"type": kind, "sequence_number": number[0]}, **fields), answer, kind)
            number[0] += 1

        started = dict(value, status="in_progress", output=[], usage=None)
        send("response.created", response=started)
        send("response.in_progress", response=started)
        send("response.output_item.added", output_index=0,
             item=dict(item, status="in_progress", **({} if answer.get("tool") else {"content": []})))
        if not answer.get("tool"):
            where = {"item_id": "msg_test", "output_index": 0, "content_index": 0}
            empty = {"type": "output_text", "text": "", "annotations": []}
            send("response.content_part.added", part=empty, **where)
            for piece in pieces_of(answer.get("text", ""), answer.get("chunk")):
                send("response.output_text.delta", delta=piece, **where)
            send("response.output_text.done", text=answer.get("text", ""), **where)
            send("response.content_part.done", part=item["content"][0], **where)
        send("response.output_item.done", output_index=0, item=item)
        send("response.completed", response=value)
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


def watch(seconds, parent, state):
    """Ends the process with its parent, or when its time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and os.getppid() == parent:
        time.sleep(0.2)
    state.stopping = True
    os._exit(0)


def write_file(path, text):
    with open(path + ".tmp", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".tmp", path)


def main():
    parser = argparse.ArgumentParser(description="a scriptable endpoint on loopback")
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--script")
    parser.add_argument("--log")
    parser.add_argument("--pid-file")
    parser.add_argument("--max-seconds", type=float, default=120)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    parent = os.getppid()
    script = {}
    if args.script:
        with open(args.script, encoding="utf-8") as f:
            script = json.load(f)
    state = State(script, args.log)
    state.stopping = False
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server = Server((args.host, args.port), Handler)
    server.state = state
    threading.Thread(target=watch, args=(args.max_seconds, parent, state), daemon=True).start()
    if args.pid_file:
        write_file(args.pid_file, "%d\n" % os.getpid())
    write_file(args.port_file, "%d\n" % server.server_address[1])
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
