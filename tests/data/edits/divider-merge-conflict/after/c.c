int x;
int b;
int y;
