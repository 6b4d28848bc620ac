int add(int a, int b)
{
	if (a)
		return a + b;
	return b;
}

int sub(int a, int b)
{
	return a - b;
}
