/**
 * Keeps weights sparse while a model trains: masks, schedules, straight-through weights, around
 * every optimizer step.
 */
package dev.filigree.djl.train;
