@file:JvmName("Tricky")
package app.core

@Deprecated("old")
fun plain(a: Int,
          b: String = "x"): Int {
    fun local(n: Int): Int {
        return n
    }
    val lambda = { n: Int -> n * 2 }
    val anonymous = fun(n: Int): Int { return n }
    return local(a)
}

fun short(a: Int) = a * 2

fun <T> List<T>.second(): T = this[1]

fun Map<String, List<Int>>.deep() { println() }

infix fun String.then(other: String) = this + other

inline fun <reified T> Any?.cast(): T? = this as? T

val String.last: Char
    get() = this[length - 1]

abstract class Box<T>(val size: Int) : Base(), Shape {
    init {
        println(size)
    }

    constructor(a: Int, b: Int) : this(a) {
        println(b)
    }

    abstract fun missing(): Int

    override fun area(): Double {
        return 1.0
    }

    operator fun plus(other: Box<T>) = this

    var checked: Int = 0
        get() = field
        set(value) {
            field = value
        }

    companion object {
        fun create() = 1
    }

    companion object Factory {
        fun make() = 2
    }

    inner class Inner {
        suspend fun `with blanks`() {
            done()
        }
    }

    private object Single {
        fun get() = 1
    }
}

interface Shape {
    fun area(): Double
    fun given(): Int { return 1 }
}

enum class Color(val rgb: Int) {
    RED(1) {
        override fun hex() = "r"
    };

    open fun hex(): String = "x"
}

object Registry {
    val listener = object : Listener {
        override fun on() { done() }
    }
}

typealias Handler = (Int) -> Unit
