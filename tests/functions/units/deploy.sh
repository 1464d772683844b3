#!/bin/sh

log() {
    echo "$1"
}

log start
cp a b
log done
