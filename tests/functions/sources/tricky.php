<?php
declare(strict_types=1);

namespace App\Models;

function helper(int $a, ?string $b = null): int
{
    return $a;
}

interface Shape
{
    public function area(): float;
}

abstract class Base implements Shape
{
    abstract protected function name(): string;

    public function __construct(private int $x = 0) {
    }

    #[Override]
    /** Doc. */
    #[Pure]
    public static function make(): static
    {
        $double = function ($n) { return $n * 2; };
        $triple = fn ($n) => $n * 3;
        $this->handler = function () { return 1; };
        $map = ['key' => function () { return 2; }];
        function nested() { return 3; }
        return new static(array_map(fn ($n) => $n, []));
    }

    public string $full {
        get => $this->first;
        set (string $value) { $this->first = $value; }
    }
}

trait Loud
{
    public function &shout() { return $this->x; }
}

enum Suit: string
{
    case Hearts = 'H';

    public function label(): string { return ucfirst($this->value); }
}

$object = new class extends Base {
    public function name(): string { return 'anonymous'; }
};

if (!function_exists('later')) {
    function later() {
        return <<<TEXT
function notOne() {}
TEXT;
    }
}
?>
<html><?php foreach ($a as $b): ?>
<b><?= $b ?></b>
<?php endforeach; function trailing() { ?>
<i></i>
<?php } ?>
