namespace App.Web;

class Late
{
    public void M() { }
}

int Top(int a) { return a; }
