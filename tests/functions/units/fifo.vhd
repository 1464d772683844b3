library ieee;
entity fifo is
  port (clk : in bit);
end entity;

architecture rtl of fifo is
  function inc(a : integer) return integer is
  begin
    return a + 1;
  end function;
begin
  main : process (clk)
  begin
  end process;
  process begin wait; end process;
  process begin wait; end process;
end architecture;

package p is
  procedure declared;
end package;
package body p is
  procedure declared is begin null; end;
end package body;
