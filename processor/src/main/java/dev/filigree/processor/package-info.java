/** The annotation processor: rejects at the line what cannot work, and indexes what can. */
package dev.filigree.processor;
