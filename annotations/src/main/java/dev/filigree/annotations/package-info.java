/**
 * The annotations a user writes on DJL layers. Their Javadoc is the manual.
 *
 * <p>All four work on the same targets: a field holding a layer (or a list, array or map of
 * layers), a factory method returning a block, a block type (every eligible layer below it), and an
 * annotation type (a <em>house annotation</em> that carries ours).
 */
package dev.filigree.annotations;
