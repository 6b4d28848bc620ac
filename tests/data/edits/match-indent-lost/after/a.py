def f(x):
    if x > 0:
        return 1
    return 0


def g(x):
    return x
