/**
 * What to make sparse and how: immutable plans, the rules they obey, and every message a user can
 * see.
 *
 * <p>A <em>spec</em> holds annotation values as they were written; {@link
 * dev.filigree.plan.PlanRules} checks it for the compiler and the runtime alike; a <em>plan</em> is
 * what a legal spec means.
 */
package dev.filigree.plan;
