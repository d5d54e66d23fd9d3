package dev.filigree.plan;

import java.util.Locale;

/**
 * Every message a user can see. Each says what was found, what is legal and what to do; the tag is
 * stable.
 *
 * <p>Ranges: 01xx declarations, 02xx binding and training, 03xx kernels, packing and the gate, 04xx
 * files, 05xx agent, 06xx command line and data, 07xx and 08xx decoder, 084x recipes.
 */
public enum Message {
  // 01xx declarations: checked by the compiler and again when a model is bound
  FIL_0101(
      "sparsity is %s; it is the fraction removed and must be at least 0 and below 1. Nearest legal value: %s."),
  FIL_0102(
      "n is %s and m is %s; n counts the kept weights of every m and must be between 1 and m. Nearest legal value: n = %s."),
  FIL_0103(
      "n = m = %s keeps every weight, so nothing becomes sparse. Choose n below m, for example n = %s.",
      Severity.WARNING),
  FIL_0104("m is %s; a group has at least 1 input, sizes with kernels are 4, 8, 16. Use m = %s."),
  FIL_0105(
      "Groups of %s have no kernel of their own and run on the general bitmap kernel. Sizes with kernels: 4, 8, 16.",
      Severity.WARNING),
  FIL_0106(
      "Blocks of %sx%s have no kernel of their own and run on the general sparse kernels. Sizes with kernels: 4x1, 16x1, 1x16 and their multiples.",
      Severity.WARNING),
  FIL_0107(
      "granularity = BLOCK needs block = {outputs, inputs}; found %s. Add for example block = {4, 1}."),
  FIL_0108(
      "block is {%s} but granularity is %s. Remove block, or set granularity = Granularity.BLOCK."),
  FIL_0109("block is {%s}; both sizes must be at least 1. Nearest legal value: {%s}."),
  FIL_0110("lambda is %s; it must be finite and at least 0. Nearest legal value: %s."),
  FIL_0111(
      "The schedule window is empty: start = %s, end = %s. end must be above start; try end = %s."),
  FIL_0112(
      "Schedule %s = %s; legal are fractions from 0 to 1 or whole steps, both of the same kind. Nearest legal value: %s."),
  FIL_0113("every is %s; the mask is chosen anew every 1 or more steps. Nearest legal value: 1."),
  FIL_0114("power is %s; it must be finite and above 0. Nearest legal value: %s."),
  FIL_0115(
      "%s is annotated with both @Sparse and @NMSparse; a weight has one pattern. Remove one of them."),
  FIL_0116("%s is annotated with %s twice: %s and %s. Remove one of them."),
  FIL_0117(
      "method = %s needs the names of three fields; %s is missing. Write gate = \"...\", up = \"...\", down = \"...\"."),
  FIL_0118("%s = \"%s\" is no field of %s that holds a Block. Fields that do: %s."),
  FIL_0119(
      "method = %s spans three layers and goes on the block type that holds them, not on %s. Move it to the type."),
  FIL_0120(
      "%s names fields but method is %s. Only CATS, CHESS, RELU, TEAL_GREEDY and COREINFER take gate, up and down; remove them or set method = ActivationMethod.CATS."),
  FIL_0121("gate, up and down must be three different fields; \"%s\" is named twice."),
  FIL_0122(
      "%s is of type %s, which is no ai.djl.nn.Block nor a collection, array or map of them. Annotate a layer."),
  FIL_0123("%s is static; Filigree binds layers of one model instance. Make it an instance field."),
  FIL_0124(
      "%s is a local or anonymous class, which cannot be indexed. Make it a named top-level or nested class."),
  FIL_0125(
      "%s is of type %s, which has no weight that Filigree can make sparse. Supported: Linear, Conv1d, Conv2d, Conv3d, LSTM, GRU, RNN, and blocks that contain them."),
  FIL_0126(
      "%s is an embedding; its rows are looked up, not multiplied, so sparsity saves nothing. Annotate a Linear, convolution or recurrent layer."),
  FIL_0127(
      "The glob \"%s\" can match no path: %s. Paths are child names joined by '/', for example \"encoder/wide\" or \"**/fc*\"."),
  FIL_0128("include and exclude choose layers below a type; they do not go with %s. Remove them."),
  FIL_0129(
      "@Schedule on %s has no @Sparse or @NMSparse beside it. Add one, or remove the schedule."),
  FIL_0130(
      "%s cannot act on %s: activations are skipped in Linear layers only. Remove it, or annotate a Linear."),
  FIL_0131(
      "training = SR_STE cannot be used on %s. Recurrent layers take training = Training.HARD."),
  FIL_0132("@Sparse(scope = %s) has no meaning for granularity %s. Legal: %s."),
  FIL_0133(
      "%s returns %s; a factory method must return a Block. Annotate a method that does, or the field."),
  FIL_0134(
      "Two annotations set CATS, CHESS, RELU, TEAL_GREEDY or COREINFER and another activation method on layer %s. Remove or exclude it in one of them."),
  FIL_0135(
      "@%s carries Filigree annotations but is kept until %s only, so nothing is seen at run time. Add @Retention(RetentionPolicy.RUNTIME) to it."),
  FIL_0136(
      "%s is %s; Filigree annotations act on fields, factory methods and classes. Move it to one of these."),
  FIL_0137(
      "%s is no ai.djl.nn.Block, so there are no layers below it. Annotate a block class, or the fields that hold the layers."),
  FIL_0138(
      "exclude = \"%s\" takes out %s, so no layer is left. Narrow exclude, or remove the annotation."),
  FIL_0139(
      "%s has no body, so no layer comes out of it. Annotate the methods that implement it instead.",
      Severity.WARNING),
  FIL_0140(
      "Internal error in Filigree's processor. Your program may be right: compile it without the processor and report this text.\n%s"),
  FIL_0141("The index of %s cannot be written: %s. Make the class output folder writable."),
  FIL_0142(
      "%s has no effect with criterion = %s: the layer trains dense and is pruned once, when the model is packed. Remove it.",
      Severity.WARNING),
  FIL_0143("criterion = %s is not defined for %s = %s. Legal: %s."),
  FIL_0144(
      "criterion = %s scores weights by the inputs of a Linear; %s is none. Use MAGNITUDE or RANDOM there."),

  // 02xx binding and training
  FIL_0201("Filigree bound %s of %s layers of %s: %s."),
  FIL_0202("%s: m = %s does not divide its %s inputs. Nearest legal m: %s."),
  FIL_0203(
      "%s is reached by two declarations, %s and %s; the nearest one, %s, is used.",
      Severity.WARNING),
  FIL_0204(
      "Nothing in %s was bound. Nearest candidates: %s. Annotate a layer, or a type whose layers are at least 10,000 weights.",
      Severity.WARNING),
  FIL_0205(
      "The schedule of %s is in fractions, but the planned number of steps is unknown; the declared sparsity is applied from this step. Call Filigree.plannedSteps(trainer, steps) before the first step.",
      Severity.WARNING),
  FIL_0206(
      "%s: its weight is also read outside its own forward pass (%s), so SR-STE would not be seen there. Use training = Training.HARD."),
  FIL_0207(
      "%s holds latent weights of a straight-through method; the zeros are not in the parameters. Call Filigree.finish(model) and save again to get a sparse model.",
      Severity.WARNING),
  FIL_0208(
      "%s class(es) or models use Filigree, but DJL is not woven, so they run dense. Add -javaagent:filigree-agent.jar, or call FiligreeAgent.attach() first, or set filigree.unwoven=attach."),
  FIL_0209(
      "%s: a weight of type %s, shape %s cannot be masked; only FLOAT32 weights are. It trains dense.",
      Severity.WARNING),
  FIL_0210(
      "Filigree failed in %s and leaves %s dense: %s. The model runs as without Filigree; please report this.",
      Severity.WARNING),
  FIL_0212(
      "%s: the activation threshold is not calibrated, so it runs dense. Call Filigree.calibrate(model, inputs).",
      Severity.WARNING),
  FIL_0213("filigree.%s = \"%s\" is not understood. Legal: %s."),
  FIL_0214("No inputs were given for calibration. Pass a few hundred representative inputs."),
  FIL_0215("%s: calibration met %s. Calibration inputs must be finite numbers."),
  FIL_0216(
      "%s is a TorchScript or symbolic model, which has no layers to bind. Nothing is applied.",
      Severity.WARNING),
  FIL_0217("plannedSteps is %s; it must be at least 1."),
  FIL_0218("The declarations cannot be used: %s"),
  FIL_0219(
      "%s holds a %s that is no child of any block of the model, so it is neither trained, saved nor made sparse. Register it with addChildBlock.",
      Severity.WARNING),
  FIL_0220(
      "%s: criterion = %s needs calibration data, and there are none. Call Filigree.pack(model, options.calibration(dataset)), or Filigree.prune(model, dataset, plan), first."),
  FIL_0221(
      "%s needs the inputs of every layer, but DJL is not woven, so they cannot be seen. Add -javaagent:filigree-agent.jar or call FiligreeAgent.attach() first; magnitude and random need neither."),
  FIL_0222(
      "%s was not reached by any calibration batch, so nothing is known of its inputs. Pass inputs that reach it, or exclude it."),
  FIL_0223("There is no layer to prune: %s. Candidates: %s."),
  FIL_0224(
      "The %s data are not the same on every pass (batch %s differs). Give a dataset without random sampling, for example setSampling(batchSize, false)."),
  FIL_0225(
      "%s of the %s evaluation samples are also in the %s data, so the evaluation would prove nothing. Use other samples, or say allowOverlap."),
  FIL_0226(
      "An evolutionary search needs evaluation data that it does not see, for its result. Add evaluation(dataset) to the plan."),
  FIL_0227(
      "gblm needs labels and a loss: %s. Give a dataset with labels and set loss(...) in the plan, or use wanda."),
  FIL_0228("%s belongs to another calibration: %s. Delete it, or name another directory."),
  FIL_0229(
      "%s cannot be pruned by this plan: %s. Exclude it, or set onIndivisible to SKIP where only its width is the reason."),

  // 03xx kernels, packing and the gate
  FIL_0301("Kernels: %s."),
  FIL_0302(
      "%s: the packed weights no longer match the parameter (%s) and were dropped; it runs dense. Call Filigree.pack(model) again.",
      Severity.WARNING),
  FIL_0303(
      "%s: weight of type %s, shape %s cannot be packed; only FLOAT32 matrices on the CPU are. It runs masked dense.",
      Severity.WARNING),
  FIL_0304("Batch size %s is not legal; batch sizes are at least 1."),
  FIL_0305("%s cannot be packed: %s. Initialise or train the model first."),
  FIL_0306("The matrix has %s rows, %s columns and %s values; they do not agree."),
  FIL_0307(
      "Vector kernels failed their self-test (%s); the plain ones are used.", Severity.WARNING),
  FIL_0308(
      "The buffer for %s is %s and holds %s bytes; it must be direct, writable where it is written to, and hold at least %s."),
  FIL_0309("Format \"%s\" is not known. Legal: %s."),
  FIL_0310("Format %s: part %s is %s; it must be %s. The file is damaged or of another version."),
  FIL_0311(
      "Format %s: part %s contradicts itself: %s. The file is damaged; get a fresh copy or pack again."),
  FIL_0312(
      "%s x %s is too large: every array must stay below 2 GiB. Split the matrix or the batch."),
  FIL_0313("The list of active inputs is not legal: %s; legal is %s."),
  FIL_0314(
      "%s is of type %s; packed files hold FLOAT32 parameters only. Convert the model to FLOAT32 before saving it."),
  FIL_0315(
      "Format %s does not hold values of type %s. Legal for it: %s. Choose one of these types or another format."),
  FIL_0316("The list of wanted outputs is not legal: %s; legal is %s."),
  FIL_0320(
      "%s of the %s weights are not finite as %s, the first at output %s, input %s (%s). Packed weights are finite numbers; repair or retrain the layer, then pack again."),
  FIL_0330("The packed matrix %s is closed and its memory freed. Pack the weights again."),
  FIL_0331(
      "%s: memory it was given was freed while it is needed (%s). Close packed matrices and arenas after the last use of their arrays."),
  FIL_0340(
      "The file of measured verdicts %s cannot be used: %s. It is ignored; delete it to be rid of this line, or set filigree.gate.cache.",
      Severity.WARNING),
  FIL_0341(
      "At batch %s the whole model was slower packed, %sx the speed of dense (90 %% sure to be below 1); all layers run dense there.",
      Severity.WARNING),
  FIL_0342(
      "The whole model was not timed at batch %s: %s. Give PackOptions.withModelInput an input for it."),
  FIL_0350(
      "The matrices of a gated feed-forward do not fit together: gate %s, up %s, down %s. Gate and up have the same shape, and down has as many inputs as they have outputs."),
  FIL_0351("%s cannot be skipped here: %s is stored. Pack %s."),
  FIL_0352(
      "%s, which does not go with inputs of %s. Projections that share inputs are matrices [outputs, inputs] with the same inputs and at least one output."),
  FIL_0353(
      "%s: its forward is not what it declares as %s: outputs differ by %s of the largest. It runs layer by layer. Move whatever else it computes into another block.",
      Severity.WARNING),
  FIL_0360(
      "Shares cannot be chosen for %s. Legal: unstructured, N:M, and blocks, rows and channels counted by layer."),
  FIL_0361("The layers cannot lose %s of their %s: at most %s. Lower the sparsity."),
  FIL_0362("Evolutionary search: %s is %s; legal: %s."),
  FIL_0363(
      "The fitness of a candidate is not a number. Return a finite number, or infinity for the worst."),

  // 04xx files
  FIL_0401(
      "%s is not a usable safetensors file: %s. Pass a complete, unmodified .safetensors file."),
  FIL_0402(
      "%s: its content does not match its digest (%s). The file was changed or damaged; get a fresh copy."),
  FIL_0403("%s: cannot be written: %s. Choose a writable place."),
  FIL_0404("%s: cannot be read: %s. Check the path and its permissions."),
  FIL_0405("Tensor %s %s. Rename, split or correct it."),
  FIL_0406("%s was packed from another model: %s. Load it into the model it was packed from."),
  FIL_0407(
      "%s: packed format version %s is not known; this Filigree reads version %s. Use a matching Filigree."),
  FIL_0408(
      "There are %2$s %1$s, but %3$s rows of %4$s columns need another number. Pass exactly rows * columns, row-major."),
  FIL_0409(
      "%s: the score at row %s, column %s is not a number. Weights and the inputs they are scored by must be finite numbers."),
  FIL_0410(
      "The bits of a mask of %s rows and %s columns go on behind its last weight. The mask was damaged or has another shape; choose it anew."),
  FIL_0411(
      "A mask of %s rows and %s columns cannot be compared with one of %s rows and %s columns. Compare masks of one weight."),
  FIL_0412(
      "The tensor name %s occurs twice. Names must differ, because they decide ties; rename one."),
  FIL_0413(
      "The metadata key \"%s\" is reserved for packed files. Remove it; it does not outlive packing."),
  FIL_0414(
      "%s is a safetensors file, but not packed by Filigree. Pack it first, or pass a packed one."),
  FIL_0415(
      "%s: its description as a packed file is broken: %s. The file was changed or damaged; get a fresh copy."),
  FIL_0420("%s: %s needs %s, and there are none. Calibrate the layer first and pass them."),
  FIL_0421("%s is not defined for %s. Legal: %s."),
  FIL_0422(
      "%s: X^T X of the calibration inputs cannot be factored even with damping %s; Wanda chose the mask and no weight was updated. Use more, or more varied, calibration inputs.",
      Severity.WARNING),
  FIL_0423(
      "%s: %s calibration values do not fill rows of %s inputs. Pass whole rows [tokens][inputs]."),
  FIL_0424(
      "%s: its calibration inputs are %s rows of %s; at least 1 row is needed, of %s inputs as its weight has. Pass the inputs of this layer."),
  FIL_0426("%s holds %s at row %s, column %s. Weights to prune must be finite numbers."),
  FIL_0427(
      "%s: X^T X of the calibration inputs could not be factored with damping %s; damping %s was used. Use more, or more varied, calibration inputs.",
      Severity.WARNING),
  FIL_0428(
      "%s cannot be used as calibration statistics: %s. Calibrate again, or pass the right file."),
  FIL_0429("%s does not fit its files: %s. Get a fresh copy of the index and all its files."),
  FIL_0430(
      "%s: its receipt cannot be understood: %s. The file was changed or is of another version; get a fresh copy, or verify it with a matching Filigree."),
  FIL_0431(
      "%s is no packed directory: %s. Pass a directory with config.json and a packed weights.safetensors, as compress writes it."),
  FIL_0432(
      "%s: the stored mask of %s cannot be used: %s. Get a fresh copy of the file, or prune again."),
  FIL_0433(
      "%s: %s of the removed weights of %s are not zero, although its mask says so. A step after pruning changed them; prune again, or remove the tensor %s to pack what is not zero now."),
  FIL_0434("%s is the input itself. Name another output; nothing was changed."),
  FIL_0435("%s is packed already. Unpack it first, or use it as it is."),
  FIL_0436(
      "%s: its files have different texts under the metadata key \"%s\", and one packed file can hold one only. Pack them one by one."),
  FIL_0437(
      "%s has neither a digest nor a receipt, so there is nothing to verify it by. Pass a packed file, a packed directory, or a file that prune wrote."),

  // 05xx agent
  FIL_0501("Filigree %s on JDK %s, kernels: %s, matched: %s."),
  FIL_0502("Filigree is switched off (enabled=false)."),
  FIL_0503("Unknown agent argument \"%s\". Known: %s."),
  FIL_0504(
      "Filigree cannot be linked beside DJL in %s: %s. DJL runs as without Filigree.",
      Severity.WARNING),
  FIL_0505(
      "Filigree is visible from %s, but DJL is in its parent %s, where it cannot be reached. Put both in the same place.",
      Severity.WARNING),
  FIL_0506(
      "No class with Filigree annotations is loaded or in an index. Nearest candidates: %s. Annotate a layer, for example @Sparse(sparsity = 0.8) on a field.",
      Severity.WARNING),
  FIL_0507("Cannot attach to process %s: %s."),
  FIL_0508("Self-attach is not possible: %s. Start the JVM with -javaagent:%s."),
  FIL_0509("%s could not be woven: %s. It was left as it was.", Severity.WARNING),
  FIL_0511("Agent argument \"%s\" has no value. Write %s=value."),
  FIL_0512("Dry run: %s."),
  FIL_0513("The Filigree agent cannot start: %s. The program runs as without Filigree."),
  FIL_0514("The Filigree agent is here already; nothing was changed."),

  // 06xx command line and data
  FIL_0601("%s: no %s found. The directory must hold %s."),
  FIL_0602("%s: %s. Expected an IDX file as MNIST uses it (gzip, magic %s)."),
  FIL_0603("%s holds %s images but %s holds %s labels. Use files that belong together."),
  FIL_0604("%s is %s; legal: %s."),
  FIL_0606("%s images are too few: %s are needed for training and 1,000 for validation."),
  FIL_0608("%s failed: %s"),
  FIL_0609("%s. See %s --help."),
  FIL_0610("%s failed unexpectedly: %s. Run it again with --debug and report what it prints."),
  FIL_0611(
      "--pattern %s needs --sparsity, the fraction of the weights to remove; it must be at least 0 and below 1. Add for example --sparsity 0.5."),
  FIL_0612("--format %s does not go with --pattern %s: %s. Legal here: %s."),
  FIL_0613(
      "Too little memory to measure this layer: %s. Measure a smaller layer or one --format, use --working-set hot, free memory, or raise -Xmx and -XX:MaxDirectMemorySize in FILIGREE_JAVA_OPTS."),
  FIL_0614(
      "OMP_WAIT_POLICY is set, and dense under the default OpenMP settings could not be measured in a process of its own: %s. Unset OMP_WAIT_POLICY to do without."),
  FIL_0615(
      "--threads is %s, but this process already computes with %s. Use the same number or a new process."),
  FIL_0620(
      "--format %s does not go with --op %s and --activation-sparsity above 0: hidden units are skipped where up is stored by outputs and down by inputs. Legal here: %s."),
  FIL_0630(
      "%s: tensor %s %s. Matrices to prune are F32, F16 or BF16 and hold finite numbers; correct it, or leave it out with --exclude \"%s\"."),
  FIL_0631(
      "%s %s for %s; it must hold the calibration inputs of that layer under its name: F32, F16 or BF16, finite, at least one row of %s. Capture the inputs of this model, or leave the layer out with --exclude."),
  FIL_0632(
      "%s \"%s\" matches none of the matrices in %s, which are %s. Correct the glob; * stands for any characters but '/'."),
  FIL_0633(
      "%s: none of its %s matrices is left to prune. Pass a file with 2-D tensors, and an --include that takes some of them."),
  FIL_0634(
      "--allocation does not go with %s, which says itself how much every tensor keeps. Leave it out, or count by row or layer."),
  FIL_0635(
      "%s looks like an embedding or an output head; it is pruned like every other matrix of a bare file. Leave it out with --exclude \"%s\".",
      Severity.WARNING),
  FIL_0636(
      "%s needs calibration data, and none were given. Add --inputs X.safetensors with the inputs of every layer, or use magnitude."),
  FIL_0637(
      "%s: tensor %s has %s inputs, which m = %s of %s does not divide. Nearest legal m: %s; or leave such tensors dense with --on-indivisible skip, or out with --exclude \"%s\"."),

  // 07xx decoder
  FIL_0701(
      "%s cannot be used: %s. The decoder runs Llama, Mistral and Qwen2 models; pass the config.json of one."),
  FIL_0702("The decoder's %s is %s; legal: %s. Correct the model's configuration."),
  FIL_0703(
      "%s is no llama2.c model: %s. Pass a complete .bin of the legacy export, or a directory with config.json."),
  FIL_0704(
      "%s: tensor %s %s is missing (%s are). Pass all files of the model, or correct its configuration."),
  FIL_0705(
      "%s: tensor %s has shape %s; its configuration asks for %s. Pass files that belong together."),
  FIL_0706(
      "%s: tensor %s %s is none the decoder has a use for. Remove it, or pass a model of a type that is supported."),
  FIL_0707(
      "%s holds no model: %s. A model directory has config.json and model.safetensors, or several with an index."),
  FIL_0708("--random-model %s is no known shape; legal: %s."),
  FIL_0709(
      "%s does not exist. Pass a directory with config.json and safetensors, a GGUF file, or a llama2.c .bin."),
  FIL_0710(
      "%s cannot be used as a tokenizer: %s. Pass a tokenizer.json, a GGUF file, or a llama2.c tokenizer.bin."),
  FIL_0711("%s has %s ids, but the model has %s. Pass the tokenizer of this model."),
  FIL_0712("Tensor %s holds %s at element %s. Weights must be finite numbers; get a fresh copy."),
  FIL_0713(
      "%s positions are asked for, but at least 1 and at most %s fit. Shorten the input or the window."),
  FIL_0714(
      "Id %s at position %s is none the model has; legal: 0 to %s. Use the model's tokenizer."),
  FIL_0715("%s is %s; legal: %s."),
  FIL_0716(
      "The prompt is empty, and the model has no id that begins a text. Pass at least one id."),
  FIL_0717("Sequence %s has %s ids; at least 2 are needed, one to read and one to predict."),
  FIL_0718(
      "Sequence %s of the evaluation data is also in the calibration data, so its loss says little. Use other data, or pass --allow-overlap."),
  FIL_0719(
      "%s needs calibration data, and there are none. Pass --calibration with a JSON array of token ids."),
  FIL_0720(
      "%s holds no token ids: %s. Pass a JSON array of ids, or an array of such arrays where several sequences are taken."),
  FIL_0721(
      "Exactly one of --model and --random-model is needed. Pass a path or the name of a shape."),
  FIL_0722("Exactly one of --text and --ids is needed. Pass a text file, or a JSON array of ids."),
  FIL_0723(
      "%s needs --tokenizer, a tokenizer.json, a GGUF file or a llama2.c tokenizer.bin. Add it, or pass --ids."),
  FIL_0724(
      "%s has %s ids, too few for one window of %s. Pass a longer text or a smaller --window."),
  FIL_0725("%s and %s both begin the text. Pass one of them."),
  FIL_0730(
      "--calibration-mode sequential says that blocks are calibrated behind pruned ones, but not how those are pruned. Add --weights, or leave the mode dense."),
  FIL_0731(
      "--weights is given, but inputs of the untouched model do not depend on it. Add --calibration-mode sequential, or leave --weights out."),
  FIL_0732(
      "%s cannot be used: %s. The directory was put together from two, or is of another version; compress the model again."),
  FIL_0733("%s has no thresholds for %s. It stores %s; pass --calibration to get others."),
  FIL_0734(
      "Sequence %s of the evaluation data is one the directory was calibrated on, so its loss says little. Use other data, or pass --allow-overlap."),
  FIL_0735(
      "%s has no tokenizer, so the directory will have none. Add --tokenizer to put one in.",
      Severity.WARNING),
  FIL_0736(
      "%s stores int8 weights for another way of skipping activations; they are rounded to int8 a second time for this one. Compress the model for it, or pass --values f32.",
      Severity.WARNING),
  FIL_0737(
      "%s does not say how many sequences its inputs come from, and dsnot divides by their number. Add --calibration-sequences N, or make the file with capture."),
  FIL_0750(
      "The list of layers %s cannot be used: %s. Pass a text file with one layer a line: outputs, inputs, rows of one call, pattern, sparsity (- where the pattern says it), activation sparsity."),
  FIL_0751(
      "%s, line %s: %s. A line is: outputs, inputs, rows of one call, pattern, sparsity (- where the pattern says it), activation sparsity; for example 1024 4096 64 unstructured 0.8 0."),
  FIL_0752(
      "These settings need %s MiB of memory, and %s are left: every setting with another type of weights or another layout keeps a copy of its own. Name fewer --settings."),
  FIL_0770(
      "%s was to skip %s of the activations, but skipped only %s lately, and too few over the last %s tokens. This session goes on without skipping; calibrate on text like this one.",
      Severity.WARNING),
  FIL_0820(
      "%s is no usable GGUF file: %s. Pass a complete, unmodified file of version 2 or 3, little-endian."),
  FIL_0821("%s: tensor %s is of type %s; legal: %s. Convert the model to one of these types."),
  FIL_0822(
      "%s cannot be used: %s. The decoder runs GGUF files of the architectures llama and qwen2; convert the model again, or pass another."),
  FIL_0823(
      "%s: its tokenizer cannot be used: %s. Pass the model's tokenizer.json with --tokenizer."),
  FIL_0830(
      "The model's %s is %s, and that of this block is %s. Make the block from the configuration of the model."),
  FIL_0831(
      "config.json cannot say that the decoder's %s is %s; it would be read as %s. Change the shape, or keep the weights as DJL's .params."),
  FIL_0832(
      "The shorter part of the text, of which nine tenths are trained on and one is held out, has %s tokens; more than %s are needed, the length of a sequence. Pass a longer text."),
  FIL_0833(
      "method = %s needs sparsity, the fraction of the activations that is set to zero, and it is missing. Write for example sparsity = 0.5."),
  FIL_0834(
      "%s is given, but method is %s. RELU skips what is zero and takes threshold, lambda and end; the others take sparsity. Remove it."),
  FIL_0835(
      "%s: lambda is declared, but no hidden units were seen in this training step, so nothing is added to its loss. Add -javaagent:filigree-agent.jar and take collectors from Trainer.newGradientCollector(), or let the block call Filigree.hidden(down, h).",
      Severity.WARNING),
  FIL_0836(
      "end is {%s} and lambda has %s factor(s). Each needs the end of its stage: above 0, ascending, all fractions to 1 or all whole steps."),
  FIL_0837("threshold is %s; it must be finite and at least 0. Nearest legal value: %s."),
  FIL_0838(
      "%s declares method = RELU, and its activation() is %s. Compute ReLU in its forward and return Activation.RELU there, or declare CATS for SILU."),
  FIL_0839(
      "The stages of lambda of %s are in fractions, but the planned number of steps is unknown; the first factor, %s, stays. Call Filigree.plannedSteps(trainer, steps) before the first step.",
      Severity.WARNING),
  FIL_0840(
      "%s is no recipe: %s. A recipe is a YAML file in UTF-8 of %s bytes at most; docs/recipes.md shows one."),
  FIL_0841("%s: this is no YAML: %s. %s."),
  FIL_0842("%s: %s has no key \"%s\". Legal: %s. %s"),
  FIL_0843("%s: %s is %s; legal: %s.%s"),
  FIL_0844("%s: %s"),
  FIL_0845("%s: %s. Write it out; a recipe needs no more than %s."),
  FIL_0846("%s: %s does not go with %s, %s. %s."),
  FIL_0847(
      "%s: \"%s\" matches none of the layers of %s. Nearest: %s. Correct the glob; * stands for any characters but '/'."),
  FIL_0848("%s: the key \"%s\" is there twice, first in line %s. Remove one of the two."),
  FIL_0849(
      "The recipe %s cannot be read, because the reader of recipes is not there. Put filigree-recipe and snakeyaml-engine beside filigree-djl on the class path."),
  FIL_0850(
      "%s chooses neurons from a prompt, and where every position skips none is one. Say with --keep-first K, 1 or more, how many positions of each sequence are the prompt; or skip only tokens that come one at a time, with --activation-scope decode."),
  FIL_0852(
      "relu skips hidden units that ReLU makes zero, and the activation function of this model is %s. Take cats or another method, or a model whose config.json has hidden_act relu."),
  FIL_0860(
      "%s has no chat template: %s. Take a model that was trained for chats, or write the turn as its authors say and pass that with --prompt."),
  FIL_0861(
      "%s: the chat template cannot be used: %s. Change the messages where it refuses them, else write the turn yourself and pass it with --prompt."),
  FIL_0862("--system is said before --chat, which is missing. Add --chat TEXT."),
  FIL_0863(
      "A chat is marked with special tokens, and a tokenizer of llama2.c has none. Pass a tokenizer.json or a GGUF file with --tokenizer."),
  FIL_0864("%s is no text in UTF-8. Convert it, or pass another file."),
  FIL_0865(
      "The product of libtorch in bfloat16 for a layer of %s is closed and its memory freed. Pack the model again."),
  FIL_0866(
      "%s cannot run on libtorch in bfloat16 here: %s. It does without; precision = f32 does not ask for it.",
      Severity.WARNING),

  // Files that commands read, write and go on from.
  FIL_0870(
      "%s %s would be written over what %s names. Name a file of its own; nothing was changed."),
  FIL_0871(
      "%s counted over all blocks looks at the inputs of all of them before one is pruned. Say --calibration-mode dense, or calibration-mode: dense in the recipe."),

  // Sparse activations of packed directories and of blocks.
  FIL_0872(
      "%s: what R_SPARSE adds for skipped inputs is of weights that have changed since (%s), and was dropped; the layer skips nothing. Call Filigree.calibrate(model, inputs) after the last change of its weights: after training, Filigree.finish and Filigree.prune."),
  FIL_0875(
      "%s: single tokens of %s sequence(s) follow a prompt of %s on this thread, so they run dense. Pass as many as in the prompt, or the same number of rows for each, one behind the other, and call Filigree.newSequence(model) on the thread where a sequence begins.",
      Severity.WARNING),
  FIL_0877(
      "%s: %s, so TEAL_GREEDY cannot tell what the block computes. Let its forward be down(f(gate(x)) * up(x)) with Linear layers, and say f in GatedFeedForward.activation() where it is not SiLU; or put TEAL on the three layers."),
  FIL_0878(
      "sparsity is %s; TEAL_GREEDY leaves every layer 5 %% of its inputs, so it must be at least 0 and at most %s. Nearest legal value: %s."),
  FIL_0880(
      "The factors of %s have %s bytes; a file beside packed weights has at most %s. Compress without --activation, and pass %s with --calibration to eval or generate."),
  FIL_0881(
      "%s declares %s, and its threshold is not known yet. Call Filigree.calibrate(model, inputs) before its activation is asked for."),
  FIL_0882(
      "%s cannot be served by a packed decoder as it is declared: %s. Change the declaration, or serve the block itself with Filigree.pack."),
  FIL_0883(
      "Token %s of row %s stands at position %s, and %s tokens of that row came before it: a packed decoder has no gaps between positions. Pad in front of the tokens (SearchConfig.setSuffixPadding(false)), and pass positions as they count."),
  FIL_0884(
      "%s chooses hidden units from the tokens of a prompt, and only their keys and values are left. Feed the sequence from its beginning, or take another method."),
  FIL_0885("A packed decoder serves and does not train. Train a CausalDecoder, and pack it."),
  FIL_0886(
      "The conversation has %s tokens with this message, and there is room for %s. Begin a new one, or say less.");

  /** How serious a message is. */
  public enum Severity {
    ERROR,
    WARNING
  }

  private final String format;
  private final Severity severity;

  Message(String format) {
    this(format, Severity.ERROR);
  }

  Message(String format, Severity severity) {
    this.format = format;
    this.severity = severity;
  }

  /** The stable tag, for example {@code FIL-0101}. */
  public String tag() {
    return name().replace('_', '-');
  }

  public Severity severity() {
    return severity;
  }

  /** The tag followed by the message with its arguments filled in. */
  public String text(Object... args) {
    return tag() + ": " + String.format(Locale.ROOT, format, args);
  }
}
