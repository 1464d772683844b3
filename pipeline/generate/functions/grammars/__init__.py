"""One file per language: which syntax defines a function, and how it is named. Data, hardly any code.

To add a language: a file like ``go.py``, and its name in ``ALL``.
"""

from __future__ import annotations

from pipeline.generate.functions.grammars.c import C
from pipeline.generate.functions.grammars.cpp import CPP
from pipeline.generate.functions.grammars.csharp import CSHARP
from pipeline.generate.functions.grammars.go import GO
from pipeline.generate.functions.grammars.grammar import Captures, Grammar, TooSlow
from pipeline.generate.functions.grammars.java import JAVA
from pipeline.generate.functions.grammars.javascript import JAVASCRIPT
from pipeline.generate.functions.grammars.kotlin import KOTLIN
from pipeline.generate.functions.grammars.php import PHP
from pipeline.generate.functions.grammars.python import PYTHON
from pipeline.generate.functions.grammars.ruby import RUBY
from pipeline.generate.functions.grammars.rust import RUST
from pipeline.generate.functions.grammars.shell import SHELL
from pipeline.generate.functions.grammars.typescript import TSX, TYPESCRIPT

__all__ = ["ALL", "CPP", "C", "Captures", "Grammar", "TooSlow"]

ALL = (PYTHON, JAVASCRIPT, TYPESCRIPT, TSX, GO, RUST, JAVA, C, CPP, RUBY, PHP, CSHARP, KOTLIN, SHELL)
