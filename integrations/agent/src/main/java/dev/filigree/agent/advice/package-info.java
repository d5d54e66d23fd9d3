/**
 * What is inlined into DJL and user classes. These classes are read as bytes and never loaded; they
 * name the hook and JDK types only.
 */
package dev.filigree.agent.advice;
