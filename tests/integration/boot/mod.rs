//! What the next boot sets: the rules of both loaders.

mod rules;
