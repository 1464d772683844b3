#include <vector>
Foo::Foo(int a) try : a_(a) {
} catch (...) {
}
Foo::operator bool() const { return true; }
template <class T>
void A<T>::convert<int>(T value) {
}
namespace outer::inner {
struct Point {
  Point() = default;
  Point(const Point &) = delete;
  ~Point() {}
  bool operator==(const Point &other) const { return true; }
  int &at() { return x; }
  int declared();
  friend void swap(Point &a, Point &b) {}
};
}
int (*table(int n))(int) {
  return 0;
}
auto later() -> int {
  auto lambda = [](int a) { return a; };
  return lambda(1);
}
namespace {
int hidden() { return 1; }
}
void broken() {
  if (x { return;
}
