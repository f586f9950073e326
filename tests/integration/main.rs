//! Everything that is tested through the library and the program, in one binary.

mod catalogue;
