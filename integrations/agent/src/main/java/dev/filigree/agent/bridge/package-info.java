/**
 * The bridge from the hook to Filigree's DJL side. Its class is never used where the agent lives:
 * its bytes are defined again in a child of each DJL's loader, where DJL and Filigree are visible.
 */
package dev.filigree.agent.bridge;
