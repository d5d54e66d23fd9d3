/**
 * Recipes: what a model is to become, as a YAML file. {@link dev.filigree.recipe.Recipes} reads and
 * writes them; what they mean is {@link dev.filigree.plan.SparsityPlan}.
 */
package dev.filigree.recipe;
