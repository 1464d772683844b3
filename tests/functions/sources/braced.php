<?php
namespace First\Part {
    function inside() { return 1; }
}
namespace {
    return new class { public function bare() { return 2; } };
}
