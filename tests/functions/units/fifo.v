`timescale 1ns/1ps
// module commented; endmodule
`define MAKE(x) \
  module x; \
  endmodule
module fifo #(parameter W = $clog2(16)) (
  input wire clk
);
  initial $display("module text; \" endmodule");
  function automatic [W-1:0] next(input [W-1:0] a);
    next = {a[0], a};
  endfunction : next
  task clear;
  endtask
endmodule
package p;
  import "DPI-C" function int c_side(int a);
  extern function void later();
  typedef class C;
  virtual class C;
    pure virtual function void no_body();
    virtual function int size(); return 1; endfunction
    extern virtual task t();
  endclass
  function int C::outside(); return 2; endfunction
endpackage
interface bus;
  modport m (import function f());
endinterface
module rest;
  virtual interface bus handle;
