/**
 * How much each layer loses under one total: uniform, by shape, by outliers, measured, searched.
 */
package dev.filigree.allocate;
