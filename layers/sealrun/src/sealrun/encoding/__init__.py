"""Fields, JSON, trees and CIDs: how everything that is hashed or signed is written down."""
