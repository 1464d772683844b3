"""What file names mean, as data: ``pipeline.patch.classes`` reads these tables and owns the rules.

Names and folders are matched in lower case unless a comment says otherwise.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SOURCE_SUFFIXES = _words(
    """
    ada adb ads asm bash bat bzl c cc cjs clj cljc cljs cls cmd coffee cpp cr cs css cts cu cuh cxx d dart
    el elm erb erl ex exs f f03 f08 f77 f90 f95 fs fsi fsx go gql gradle graphql groovy h haml hbs hcl hh hpp
    hrl hs htm html hxx inl ino ipp j2 java jinja jinja2 jl js jsx kt kts less lisp lua m mjs ml mli mm mts
    nim nix pas php phtml pl pm pp proto ps1 psm1 pug pxd pxi py pyi pyx pyw r rb rkt rs s sass scala scm scss
    sh slim sol sql styl sv svelte swift tcl tf thrift tmpl tpl ts tsx twig v vala vb vhd vhdl vim vue wat wgsl
    xsl xslt zig zsh
    """
)
"""Suffixes (without dot) of files that people write and machines run or render."""

BINARY_SUFFIXES = _words(
    """
    7z a aac ai avi avif bin bmp bz2 class dat db deb dll dmg doc docx dylib eot exe flac gif gz h5 heic icns
    ico jar jpeg jpg jp2 keystore lz4 mo mov mp3 mp4 mpeg npy npz o obj ogg onnx otf parquet pb pdb pdf pickle
    pkl png ppt pptx psd pt pth pyc pyd rar rpm safetensors so sqlite sqlite3 swf tar tgz tif tiff ttf war wasm
    wav webm webp whl woff woff2 xls xlsx xz zip zst
    """
)

LOCK_NAMES = _words(
    """
    package-lock.json npm-shrinkwrap.json pnpm-lock.yaml bun.lockb pylock.toml conda-lock.yml go.sum
    go.work.sum packages.lock.json package.resolved cartfile.resolved gradle.lockfile
    buildscript-gradle.lockfile .terraform.lock.hcl cabal.project.freeze project.assets.json
    """
)
"""Beside every name that ends in ``.lock``: Cargo, uv, poetry, Gemfile, yarn, composer, mix, flake..."""

VENDORED_FOLDERS = _words(
    """
    node_modules bower_components vendor vendored _vendor _vendored third_party third-party thirdparty
    3rdparty carthage godeps site-packages .venv .yarn
    """
)
"""Code that was written elsewhere and copied in."""

VENDORED_ROOTS = _words("pods")
"""As the first folder only: CocoaPods; deeper it names what a Kubernetes tool is about."""

GENERATED_FOLDERS = _words(
    """
    dist __snapshots__ __image_snapshots__ __generated__ generated generated-sources _generated __pycache__
    """
)
"""Build results and snapshots: written by a tool."""

GENERATED_NAMES = (
    r".*[.-]min\.(js|css|mjs|cjs)",
    r".*\.(map|snap|ambr|tsbuildinfo|designer\.cs|g\.cs|g\.dart|freezed\.dart|bundle\.js|chunk\.js)",
    r".*\.pb(\.gw)?\.(go|cc|h|c|swift|dart|ts|js)",
    r".*_pb2(_grpc)?\.pyi?",
    r".*_pb\.(js|ts|d\.ts|rb)",
    r".*([._-]generated|[._]gen)\.[a-z]+",
    r"zz_generated.*",
    r"bindata\.go",
    r"parsetab\.py",
)

TEST_FOLDERS = _words(
    """
    test tests __tests__ __test__ __mocks__ __fixtures__ testdata test_data test-data testcases testsuite
    testsuites fixtures e2e cypress test-utils test_utils testutil testutils
    """
)

TEST_ROOTS = _words("spec specs integration acceptance")
"""Test folders only as the first folder of the tree: deeper they name products too."""

TEST_FOLDER_ENDINGS = r".*([._-](Tests?|tests)|[a-z](Tests|Test|Spec))"
"""Case matters: ``Foo.Tests``, ``AlamofireTests``, ``androidTest``; not ``latest``, ``spring-test``."""

TEST_NAMES = (
    r"test_.*\.(py|pyx|rb|c|cc|cpp|cxx|h|hpp|lua|sh|ml|php|jl|R|r)",
    r".*_(test|tests|unittest)\.(py|go|rb|rs|c|cc|cpp|cxx|h|hpp|cu|exs|ex|dart|lua|sh|clj|cljs|erl|php|zig|ml)",
    r".*_spec\.(rb|lua|cr)",
    r"(conftest|tests|runtests)\.py",
    r"tests?\.rs",
    r".*[.-](test|tests|spec|e2e|cy|stories)\.[cm]?[jt]sx?",
    r".*[a-z0-9](Test|Tests|TestCase|IT|ITCase)\.(java|kt|kts|groovy|scala|cs|vb|php|swift|cpp|cc|cxx|m|mm|fs|hs)",
    r".*[a-z0-9](Spec|Specs|Suite)\.(groovy|scala|kt|hs|swift|js|ts|cs)",
    r"Test[A-Z0-9].*\.(java|kt|scala|cs|cpp|cc|hs)",
    r".*\.(t|bats|feature)",
)
"""Case matters: ``FooTest.java`` is a test, ``latest.py`` is not."""

PROSE_SUFFIXES = _words("md markdown mdx mkd rst adoc asciidoc rdoc textile org pod tex bib")

PROSE_NAMES = _words(
    """
    authors changelog changes code_of_conduct contributing contributors copying copyright credits history
    install licence license maintainers news notice patents readme release_notes releases security thanks
    todo upgrading version_history whatsnew
    """
)
"""File names without suffix, or with one that is no code: ``CHANGES``, ``news.txt``, not ``news.py``."""

PROSE_FOLDERS = _words("changelog.d changelogs newsfragments .changeset .changes .changelog man")
"""Change log fragments and manual pages, at any depth."""

PROSE_ROOTS = _words("doc docs documentation news")
"""As the first folder of the tree: what lies there builds or illustrates the documentation, code too."""

CI_FOLDERS = (
    ".github/",
    ".circleci/",
    ".gitlab/",
    ".buildkite/",
    ".ci/",
    ".azure-pipelines/",
    ".teamcity/",
    ".woodpecker/",
)
"""Path beginnings."""

CI_NAMES = (
    r"\.(gitlab-ci|travis|drone|appveyor|cirrus|codecov|readthedocs|pre-commit-config|pre-commit-hooks)\.ya?ml",
    r"(azure-pipelines.*|appveyor|codecov|bitbucket-pipelines|cloudbuild|renovate|dependabot)\.(ya?ml|json5?)",
    r"jenkinsfile.*|noxfile\.py|tox\.ini|\.mergify\.yml",
)

GENERATED_MARKS = (
    rb"@generated\b",
    rb"\bcode generated\b.*\bdo not edit\b",
    rb"\b(auto[- ]?generated|automatically generated|generated automatically|machine[- ]generated)\b",
    rb"\bgenerated by\b.*\b(do not|don't) (edit|modify)\b",
    rb"\b(do not|don't) (edit|modify)\b.*\bgenerated\b",
)
"""Looked for, in any case, in comment lines at the head of a file."""
