"""YAML: each document of a file of several, else the named parts of the only one.

    Deployment/web      a document that says kind and metadata.name (Kubernetes)
    document 2          another one in a file of several
    jobs.build          a part; a mapping of nothing but mappings is gone into (jobs, services, paths)
    Install nginx       an item of a list (a playbook, tasks), by its name

Documents are parsed one by one, so an error costs only its own. Templates of Helm and others,
which are no YAML before they are filled in, are left out under ``template``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_yaml
from tree_sitter import Node, QueryCursor

from pipeline.generate.functions.grammars.grammar import Grammar, own_row
from pipeline.generate.functions.syntax import parse
from pipeline.generate.functions.units.names import Names
from pipeline.generate.functions.units.refusals import syntax_error, template, too_deep
from pipeline.types import Function, LeftOut

MAX_DEPTH = 4
"""Keys of a name at most."""

MAX_NESTING = 100
"""Levels of a document; at 256 the grammar's scanner writes beyond its memory and takes the process with it."""

_INDENT = re.compile(rb"^ *((?:[-?:][ \t]+)*)", re.MULTILINE)
_START = re.compile(rb"^---(?=[\s#]|\Z)[^\n]*\n?", re.MULTILINE)
_CONTENT = re.compile(rb"^[ \t]*[^#%\s]", re.MULTILINE)
_FILLED_IN = re.compile(rb"\{\{|\{%")
_ITEM_NAMES = ("name", "id", "hosts", "repo")

Part = tuple[str, Node]
"""Name and syntax."""


def _extract(path: str, source: bytes) -> tuple[list[Function], list[LeftOut]]:
    found: list[Function] = []
    left_out: list[LeftOut] = []
    names, texts = Names(), list(_documents(source))
    for number, (row, text) in enumerate(texts, 1):
        if _depth(text) > MAX_NESTING:
            left_out.append(too_deep(path, f"document {number}", MAX_NESTING))
            continue
        root = parse(text, YAML)
        if root.has_error or QueryCursor(YAML.compiled).captures(root):
            refuse = template if _FILLED_IN.search(text) else syntax_error
            left_out.append(refuse(path, f"document {number}", row + 1, row + text.rstrip().count(b"\n") + 1))
            continue
        document = _Document(text, f"document {number}" if len(texts) > 1 else "")
        for name, node in document.parts(root):
            rows = row + own_row(node) + 1, row + document.last_row(node) + 1
            found.append(Function(path, names.take(name), "block", YAML.language, *rows))
    return found, left_out


def _documents(source: bytes) -> Iterator[tuple[int, bytes]]:
    """Each document that holds anything, with the row on which it begins."""
    marks = [(0, 0), *(found.span() for found in _START.finditer(source))]
    ends = [*(begin for begin, _ in marks[1:]), len(source)]
    row = 0
    for (begin, start), end in zip(marks, ends, strict=True):
        row += source.count(b"\n", begin, start)
        if _CONTENT.search(source, start, end):
            yield row, source[start:end]
        row += source.count(b"\n", start, end)


def _depth(text: bytes) -> int:
    """How deeply its lines are indented into each other at most, by columns alone."""
    columns, deepest = [-1], 0
    for line in _INDENT.finditer(text):
        marks = [line.start(1) + at for at, sign in enumerate(line[1]) if sign in b"-?:"]
        for column in (at - line.start() for at in (*marks, line.end())):
            while columns[-1] >= column:
                columns.pop()
            columns.append(column)
        deepest = max(deepest, len(columns))
    return deepest


@dataclass(frozen=True)
class _Document:
    text: bytes
    whole: str
    """What it is called as a whole; "" for the only document of its file, of which the parts are taken."""

    def parts(self, root: Node) -> list[Part]:
        """The units of it, in their order."""
        value = _collection(next((child for child in root.children if child.type == "document"), root))
        if value is None:
            return []
        pairs = self._pairs(value)
        said = dict(pairs)
        if "apiVersion" in said and "kind" in said:
            return [(self._object(said), value)]
        if self.whole:
            return [(self.whole, value)]
        return self._items(value) if value.type == "block_sequence" else self._named(pairs)

    def last_row(self, node: Node) -> int:
        """The row of the last thing in it: the grammar lets a block scalar run on over blank lines."""
        return own_row(node) + self.text[node.start_byte : node.end_byte].rstrip().count(b"\n")

    def _object(self, said: dict[str, Node]) -> str:
        """``Kind/name`` of a Kubernetes document."""
        inner = dict(self._pairs(_collection(_value(said["metadata"])))) if "metadata" in said else {}
        name = next((self._scalar(inner[key]) for key in ("name", "generateName") if key in inner), "")
        return f"{self._scalar(said['kind'])}/{name or 'unnamed'}"

    def _named(self, pairs: list[Part]) -> list[Part]:
        """The pairs, or what is in them where a pair holds nothing but mappings."""
        found: list[Part] = []
        waiting = pairs[::-1]
        while waiting:
            name, pair = waiting.pop()
            inner = self._pairs(_collection(_value(pair)))
            if inner and name.count(".") + 1 < MAX_DEPTH and all(_is_mapping(node) for _, node in inner):
                waiting += [(f"{name}.{key}", node) for key, node in reversed(inner)]
            else:
                found.append((name, pair))
        return found

    def _items(self, sequence: Node) -> list[Part]:
        found = []
        items = [child for child in sequence.children if child.type == "block_sequence_item"]
        for number, item in enumerate(items, 1):
            said = dict(self._pairs(_collection(item)))
            names = (self._scalar(said[key]) for key in _ITEM_NAMES if key in said)
            found.append((next(filter(None, names), f"item {number}"), item))
        return found

    def _pairs(self, mapping: Node | None) -> list[Part]:
        """The pairs of a block mapping, by their keys; none for anything else."""
        if mapping is None or mapping.type != "block_mapping":
            return []
        pairs = [child for child in mapping.children if child.type == "block_mapping_pair"]
        return [(self._written(pair.child_by_field_name("key")), pair) for pair in pairs]

    def _scalar(self, pair: Node) -> str:
        """A pair's value where it is written on the line; "" for a collection or a block."""
        value = _value(pair)
        return self._written(value) if value is not None and value.type == "flow_node" else ""

    def _written(self, node: Node | None) -> str:
        text = self.text[node.start_byte : node.end_byte] if node is not None else b""
        return text.decode("utf-8", "replace").strip("\"'")


def _value(pair: Node) -> Node | None:
    return pair.child_by_field_name("value")


def _is_mapping(pair: Node) -> bool:
    value = _collection(_value(pair))
    return value is not None and value.type == "block_mapping"


def _collection(node: Node | None) -> Node | None:
    """The block mapping or sequence that ``node`` wraps (a document, an item, a value with an anchor)."""
    while node is not None and node.type not in ("block_mapping", "block_sequence"):
        node = next((c for c in node.children if c.type in ("block_mapping", "block_sequence", "block_node")), None)
    return node


YAML = Grammar(
    language="yaml",
    suffixes=frozenset({".yaml", ".yml"}),
    load=tree_sitter_yaml.language,
    query="(flow_mapping . (flow_node (flow_mapping))) @template",  # {{ .Values.x }}: a mapping as a key
    kind="block",
    extract=_extract,
)
