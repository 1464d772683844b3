"""Ruby. ``def self.f`` and ``class << self`` give A.f, as ``def f`` does; modules hold methods like classes.

Procs have the name of what they are assigned to, ``define_method`` its argument; other blocks are
anonymous. A method with nothing in it is one: it returns nil.
"""

from __future__ import annotations

import tree_sitter_ruby

from pipeline.generate.functions.grammars.grammar import Captures, Grammar

_BLOCK = "[(block) (do_block)]"
_PROC = f"""[(lambda) (call . method: (identifier) @_proc block: {_BLOCK} (#any-of? @_proc "lambda" "proc"))]"""
_CLASS = f"""(call . receiver: (constant) @_owner method: (identifier) @_new block: {_BLOCK}
    (#any-of? @_owner "Class" "Module" "Struct" "Data") (#any-of? @_new "new" "define"))"""


def _name(captures: Captures) -> str:
    name = captures.text(captures.nodes["name"]).replace("::", ".").strip(":\"'.")
    receiver = captures.nodes.get("receiver")
    if receiver is None or receiver.type == "self":
        return name
    return f"{captures.text(receiver).replace('::', '.')}.{name}"


RUBY = Grammar(
    language="ruby",
    suffixes=frozenset({".rb", ".rake", ".gemspec", ".ru"}),
    interpreters=frozenset({"ruby", "jruby"}),
    load=tree_sitter_ruby.language,
    query=f"""
        (method name: (_) @name) @function
        (singleton_method object: (_) @receiver name: (_) @name) @method
        (call . method: (identifier) @_define
            arguments: (argument_list . [(simple_symbol) (string)] @name) block: {_BLOCK}
            (#any-of? @_define "define_method" "define_singleton_method")) @method
        (class name: (_) @name) @type
        (module name: (_) @name) @type
        (assignment left: [(identifier) (constant)] @name right: {_PROC} @value) @function
        (assignment left: (constant) @name right: {_CLASS} @value) @type
    """,
    name=_name,
)
