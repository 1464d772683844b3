using System;

namespace App.Core
{
    [Serializable]
    public class Box<T> : IBox where T : class
    {
        private int size;
        public Box(int size) : this() { this.size = size; }
        public Box() => size = 1;
        static Box() { }
        ~Box() { }

        public int Size { get; set; }
        public int Doubled => size * 2;
        public int Checked
        {
            get { return size; }
            private set
            {
                size = value;
            }
        }
        public T this[int index] { get => items[index]; set { items[index] = value; } }
        public event EventHandler Changed { add { } remove { } }

        [Obsolete]
        [Other]
        public async Task<int> Run<K>(int a,
            string b = "x")
        {
            int Local(int n) => n + 1;
            static int Second(int n) { return n; }
            Func<int, int> square = n => n * n;
            Action act = delegate { };
            return Local(a);
        }

        void IBox.Explicit() { }
        public abstract void Missing();
        extern static void Native();
        partial void Hook();
        public static Box<T> operator +(Box<T> a, Box<T> b) => a;
        public static implicit operator int(Box<T> box) { return box.size; }
        public static bool operator true(Box<T> a) { return true; }

        private class Nested
        {
            void Deep() { }
        }
    }

    interface IBox
    {
        void Explicit();
        int Given() { return 1; }
    }

    record Person(string Name)
    {
        public string Hello() => Name;
    }

    struct Pair { public int Sum() { return 1; } }
    record struct Point(int X) { public int Twice() => X * 2; }
    enum Color { Red }
    delegate int Fold(int a);
}
