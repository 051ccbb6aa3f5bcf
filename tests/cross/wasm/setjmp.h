/* WASI has no setjmp: for tests that include it because cmocka wants it. */
