/**
 * Dense products in double precision that come out with the same bits on any number of threads and
 * any vector width.
 *
 * <p>Own code rather than a library: libraries choose the order of a sum by the machine, and their
 * factorisations need several copies of a matrix that may fill half the memory. Here every element
 * is added up in one written order, one product after the other, and factorisations work in place
 * on one triangle.
 */
package dev.filigree.linalg;
