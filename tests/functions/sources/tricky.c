#define CHECK(x) if (!(x)) return
static int
plain(void)
{
	CHECK(1);
	return 0;
}
int declared(int);
int (*table(int n))(void) { return 0; }
char *pointer(void) { return 0; }
int old(a, b)
	int a; int b;
{
	return a;
}
struct s { int (*member)(void); };
static inline __attribute__((unused)) void attributed(void) { }
