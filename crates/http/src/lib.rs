//! A bounded HTTP client and server for the edges of Concertina.
