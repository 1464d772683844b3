package a

func (s *S[K, V]) Pointer() {
	f := func() {}
	f()
}
func (S) Value() {}
func declared()
func Generic[T any](x T) {
}
var assigned = func() {}
func init() {}
