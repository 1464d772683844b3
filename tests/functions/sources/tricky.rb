# A module and its like.
module Outer
  module_function

  def helper(a,
             b = 1)
    a + b
  end

  class Point < Struct.new(:x, :y)
    attr_accessor :z

    def self.origin
      new(0, 0)
    end

    class << self
      def build(*args, **options, &block)
        new(*args)
      end

      private def hidden = 1
    end

    def ==(other)
      x == other.x
    end

    def [](index) = to_a[index]

    def x=(value)
      @x = value
    end

    def empty?; true; end

    def -@
      self
    end

    def abstract
    end

    private

    def outer_method
      def inner_method
        1
      end
      inner_method
    end

    define_method(:made) do |a|
      a
    end

    define_method("named") { |a| a }

    scope :recent, -> { order(:id) }

    SQUARE = ->(a) { a * a }
    DOUBLE = lambda do |a|
      a * 2
    end
  end
end

class Outer::Deep::Leaf
  def reach; end
end

def Outer.reopened
  1
end

square = proc { |a| a }

text = <<~TEXT
  def not_a_function
  end
TEXT

Person = Struct.new(:name) do
  def greet
    name
  end
end

Klass = Class.new(Base) do
  def run
    1
  end
end

def after
  yield
rescue StandardError => error
  raise error
ensure
  close
end

__END__
def after_the_end
end
