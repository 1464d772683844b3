"""What the tricky sources hold: kind, qualified name, first and last line of each function."""

from __future__ import annotations

EXPECTED = {
    "tricky.cpp": """
        method Foo.Foo 2 4
        method Foo.operator bool 5 5
        method A.convert 7 8
        method outer.inner.Point.~Point 13 13
        method outer.inner.Point.operator== 14 14
        method outer.inner.Point.at 15 15
        method outer.inner.Point.swap 17 17
        function table 20 22
        function later 23 26
        function hidden 28 28
    """,
    "Tricky.java": """
        method A.A 4 4
        method A.annotated 8 11
        method A.R.R 16 16
        method A.I.given 21 21
        method A.E.ONE.own 25 25
        method A.E.generic 26 26
        method A.toString 30 30
    """,
    "tricky.js": """
        method A.#hidden 2 2
        method A.x 3 3
        method A.[Symbol.iterator] 4 4
        method A.field 5 5
        method A.quoted name 6 6
        method A.constructor 7 10
        method A.own 8 8
        function A.constructor.inner 9 9
        method o.a 12 12
        method o.b 12 12
        method o.n.m 12 12
        method A.z 13 13
        function held 15 15
        method foo.bar.baz 17 19
        function e 20 20
        method q 21 21
        method K.m 22 22
        function named 23 23
        function x 25 25
        function generator 26 26
        function after 29 29
    """,
    "tricky.ts": """
        method A.constructor 2 2
        method A.field 4 4
        method A.m 6 7
        function N.M.f 10 10
        function overloaded 16 17
        function typed 18 18
    """,
    "tricky.tsx": """
        function View 1 4
        function View.onClick 2 2
    """,
    "tricky.rs": """
        method Foo.a 3 5
        method Foo.new 8 8
        method Q.given 12 12
        function m.z 15 17
        function m.z.inner 16 16
        function generic 20 21
    """,
    "tricky.go": """
        method S.Pointer 3 6
        method S.Value 7 7
        function Generic 9 10
        function init 12 12
    """,
    "tricky.c": """
        function plain 2 7
        function table 9 9
        function pointer 10 10
        function old 11 15
        function attributed 17 17
    """,
    "tricky.rb": """
        method Outer.helper 5 8
        method Outer.Point.origin 13 15
        method Outer.Point.build 18 20
        method Outer.Point.hidden 22 22
        method Outer.Point.== 25 27
        method Outer.Point.[] 29 29
        method Outer.Point.x= 31 33
        method Outer.Point.empty? 35 35
        method Outer.Point.-@ 37 39
        method Outer.Point.abstract 41 42
        method Outer.Point.outer_method 46 51
        function Outer.Point.outer_method.inner_method 47 49
        method Outer.Point.made 53 55
        method Outer.Point.named 57 57
        method Outer.Point.SQUARE 61 61
        method Outer.Point.DOUBLE 62 64
        method Outer.Deep.Leaf.reach 69 69
        method Outer.reopened 72 74
        function square 76 76
        method Person.greet 84 86
        method Klass.run 90 92
        function after 95 101
    """,
    "tricky.php": """
        function App.Models.helper 6 9
        method App.Models.Base.__construct 20 21
        method App.Models.Base.make 26 34
        function App.Models.Base.make.double 28 28
        function App.Models.Base.make.triple 29 29
        method App.Models.Base.handler 30 30
        function App.Models.Base.make.nested 32 32
        method App.Models.Base.full.get 37 37
        method App.Models.Base.full.set 38 38
        method App.Models.Loud.shout 44 44
        method App.Models.Suit.label 51 51
        method App.Models.object.name 55 55
        function App.Models.later 59 63
        function App.Models.trailing 68 70
    """,
    "braced.php": """
        function First.Part.inside 3 3
        method bare 6 6
    """,
    "Tricky.cs": """
        method App.Core.Box.Box 9 9
        method App.Core.Box.Box 10 10
        method App.Core.Box.Box 11 11
        method App.Core.Box.~Box 12 12
        method App.Core.Box.Doubled 15 15
        method App.Core.Box.Checked.get 18 18
        method App.Core.Box.Checked.set 19 22
        method App.Core.Box.this[].get 24 24
        method App.Core.Box.this[].set 24 24
        method App.Core.Box.Changed.add 25 25
        method App.Core.Box.Changed.remove 25 25
        method App.Core.Box.Run 29 37
        function App.Core.Box.Run.Local 32 32
        function App.Core.Box.Run.Second 33 33
        function App.Core.Box.Run.square 34 34
        function App.Core.Box.Run.act 35 35
        method App.Core.Box.Explicit 39 39
        method App.Core.Box.operator + 43 43
        method App.Core.Box.operator int 44 44
        method App.Core.Box.operator true 45 45
        method App.Core.Box.Nested.Deep 49 49
        method App.Core.IBox.Given 56 56
        method App.Core.Person.Hello 61 61
        method App.Core.Pair.Sum 64 64
        method App.Core.Point.Twice 65 65
    """,
    "FileScoped.cs": """
        method App.Web.Late.M 5 5
        function App.Web.Top 8 8
    """,
    "tricky.kt": """
        function plain 5 13
        function plain.local 7 9
        function plain.lambda 10 10
        function plain.anonymous 11 11
        function short 15 15
        method List.second 17 17
        method Map.deep 19 19
        method String.then 21 21
        method Any.cast 23 23
        method String.last.get 26 26
        method Box.constructor 33 35
        method Box.area 39 41
        method Box.plus 43 43
        method Box.checked.get 46 46
        method Box.checked.set 47 49
        method Box.create 52 52
        method Box.Factory.make 56 56
        method Box.Inner.with blanks 60 62
        method Box.Single.get 66 66
        method Shape.given 72 72
        method Color.RED.hex 77 77
        method Color.hex 80 80
        method Registry.listener.on 85 85
    """,
    "tricky.sh": """
        function plain 2 7
        function plain.inner 3 5
        function keyword 9 11
        function both 13 15
        function subshell 17 19
        function spaced 21 27
        function one 29 29
        function ns::name 30 30
        function redirected 31 31
    """,
}
