{
    "name": "Moving clock",
    "summary": "The server's clock is as many seconds ahead as a file says: for tests that would wait otherwise",
    "version": "1.0",
    "license": "LGPL-3",
    "depends": ["base"],
}
