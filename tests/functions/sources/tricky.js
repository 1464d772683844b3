class A {
  static #hidden() {}
  get x() { return 1; }
  [Symbol.iterator]() {}
  field = () => {};
  'quoted name'() {}
  constructor() {
    this.own = () => {};
    function inner() {}
  }
}
let o = { a: function () {}, b() {}, n: { m() {} } };
A.prototype.z = function () {};
export default function () {
  function held() {}
}
foo.bar.baz = async () => {
  return 1;
};
exports.e = function other() {};
module.exports = { q() {} };
const K = class L { m() {} };
items.map(function named() {});
items.map((x) => x);
make().x = function () {};
function* generator() {}
const plain = 1;
const broken = () => { if ( };
async function after() {}
