#!/bin/sh
plain() {
  inner() {
    echo inner
  }
  inner
}

function keyword {
  echo keyword
}

function both() {
  echo both
}

subshell() (
  cd /
)

spaced ()
{
  cat <<EOF
not_a_function() {
}
EOF
}

one() { echo one; }
ns::name() { :; }
redirected() { echo; } > /dev/null
