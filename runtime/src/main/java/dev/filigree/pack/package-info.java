/** Storage formats of a weight matrix and the products they serve. */
package dev.filigree.pack;
