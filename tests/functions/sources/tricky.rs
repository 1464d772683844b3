impl<'a> Trait for &'a mut crate::x::Foo<'a> {
    #[inline]
    fn a(&self) {
        let closure = |x| x;
    }
}
impl Foo<Vec<u8>> {
    pub async fn new() -> Self { Foo }
}
trait Q {
    fn declared(&self);
    fn given(&self) {}
}
mod m {
    pub(crate) unsafe extern "C" fn z() {
        fn inner() {}
    }
}
macro_rules! make { () => { fn in_macro() {} } }
fn generic<T>(x: T) where T: Copy {
}
