package a;

class A<T> {
    A() { }

    @Override
    @SuppressWarnings("all")
    public int annotated() {
        Runnable r = () -> { };
        return 1;
    }

    abstract void declared();

    record R(int a) {
        R { }
    }

    interface I {
        void declared();
        default void given() { }
    }

    enum E {
        ONE { void own() { } };
        static <K> void generic(K k) { }
    }

    Object o = new Object() {
        public String toString() { return ""; }
    };
}
