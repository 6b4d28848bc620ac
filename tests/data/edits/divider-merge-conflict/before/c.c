int x;
<<<<<<< HEAD
int a;
=======
int b;
>>>>>>> other
int y;
