/**
 * The {@code -javaagent}. It weaves DJL's dispatch points and annotated classes, and for each copy
 * of DJL in the JVM finds the Filigree that serves it. Whatever goes wrong here is one line on
 * standard error; the host program runs on as without Filigree.
 */
package dev.filigree.agent;
