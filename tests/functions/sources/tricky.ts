abstract class A<T> {
  constructor(private x: number) {}
  abstract declared(): void;
  field = (): void => {};
  @decorated()
  public async m<K extends T>(k: K): Promise<void> {
  }
}
namespace N.M {
  export function f(): void {}
}
declare module 'x' {
  function declared(): void;
}
function overloaded(a: string): void;
function overloaded(a: any): void {
}
export const typed: Handler = <T,>(a: T) => a;
interface I { declared(): void; }
