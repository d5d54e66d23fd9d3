/** What a user's own block implements so that Filigree can answer it whole, in one call. */
package dev.filigree.djl.block;
