/**
 * The two types that woven classes name. They live in the bootstrap class loader, so that every
 * DJL, in whatever loader, sees the same ones; therefore they know JDK types only.
 */
package dev.filigree.agent.hook;
