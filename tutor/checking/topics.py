"""Names of machine learning's topics, so that a question about one that this course lacks is known for what it is.

A question such as "explain the kernel trick" is made of words that any course has, and is close to all of it in
meaning. What gives it away is its *name*: where a question names a topic, that very name (or another for the same
thing) must stand in the passages that were found. Nothing here says what a course holds: that is looked up in the
passages, so a teacher's own course with a lecture on k-means answers on k-means.

Written from the tables of contents that such books and libraries have in common; a topic that is missing from the list
only falls back on the other signs (`coverage.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from knowledge.words import Spelling, plain_symbols

# Topics are separated by semicolons, names of the same thing by "=". Lower case, no hyphens, singular.
_TOPICS = """
kernel trick; kernel method; kernel ridge regression; representer theorem; support vector machine = svm = svms;
support vector regression = svr; one class svm; nu svm; relevance vector machine; mercer kernel; naive bayes; logistic
regression = logit model; probit; ordinal regression; poisson regression; negative binomial; generalised linear model
= glm; generalised additive model = gam; quantile regression; robust regression; huber loss; ransac; theil sen;
isotonic regression; spline; loess = lowess; stepwise selection; forward selection; principal component regression;
partial least squares; ridge = l2 penalty = l2; lasso = l1 penalty = l1; elastic net; linear discriminant analysis;
quadratic discriminant analysis = qda; k nearest neighbour = knn = nearest neighbour; kd tree; ball tree; decision
tree; regression tree; cart; id3; c4.5; information gain; pruning; random forest; extra trees = extremely randomised
tree; bagging = bootstrap aggregating; boosting; gradient boosting = gbm = gbdt; adaboost; xgboost; lightgbm;
catboost; stacking; voting classifier; ensemble = bagging = boosting = random forest; out of bag; multi output; multi
task learning; one vs rest; error correcting output code; cost sensitive learning; smote; adasyn; oversampling;
undersampling; class weight; focal loss; label smoothing; mixup; cutmix; cutout; clustering = cluster analysis =
number of cluster; k means = kmeans; k medoids; k modes; mean shift; dbscan; hdbscan; optics clustering; affinity
propagation; spectral clustering; hierarchical clustering = agglomerative clustering; dendrogram; linkage; ward
linkage; birch; silhouette; elbow method; davies bouldin; adjusted rand; gaussian mixture; mixture model; expectation
maximisation = em algorithm; principal component = pca; kernel pca; sparse pca; independent component = ica; factor
analysis; singular value decomposition = svd; truncated svd; non negative matrix factorisation = nmf; matrix
factorisation; t sne = tsne; umap; isomap; locally linear embedding = lle; multidimensional scaling = mds; laplacian
eigenmap; random projection; johnson lindenstrauss; self organising map = som = kohonen; dictionary learning; sparse
coding; compressed sensing; canonical correlation = cca; manifold learning; dimensionality reduction; curse of
dimensionality; anomaly detection; outlier detection; novelty detection; isolation forest; local outlier factor;
elliptic envelope; density estimation; kernel density = kde; association rule; apriori; fp growth; market basket;
frequent itemset; bayesian network; bayesian inference; bayesian optimisation; bayesian neural network; bayesian
regression; bayesian; gaussian process; markov chain monte carlo = mcmc; metropolis hastings; metropolis; gibbs
sampling; hamiltonian monte carlo; no u turn sampler = nuts; variational inference; variational bayes; evidence lower
bound = elbo; importance sampling; rejection sampling; particle filter; kalman filter; extended kalman; hidden markov
= hmm; viterbi; baum welch; forward backward algorithm; conditional random field = crf; markov random field; factor
graph; belief propagation; message passing; graphical model; plate notation; latent dirichlet allocation; dirichlet
process; chinese restaurant process; conjugate prior; maximum a posteriori; maximum likelihood = likelihood; jeffreys
prior; bayes factor; fisher information; cramer rao; probabilistic programming; copula; stan; pymc; newton's method =
newton method = newton raphson; quasi newton; bfgs = l bfgs = lbfgs; conjugate gradient; gauss newton; levenberg
marquardt; coordinate descent; proximal gradient; frank wolfe; mirror descent; subgradient; natural gradient; line
search; trust region; simulated annealing; genetic algorithm; genetic programming; evolutionary algorithm; evolution
strategy; cma es; particle swarm; ant colony; differential evolution; neuroevolution; neat algorithm; hill climbing;
linear programming; quadratic programming; convex optimisation; lagrange multiplier; kkt condition; duality; admm;
nesterov; rmsprop; adagrad; adadelta; adamw; nadam; lion optimiser; lamb optimiser; shampoo; muon; sharpness aware;
stochastic weight averaging; lookahead optimiser; cosine annealing; warmup = warm up; learning rate schedule; cyclical
learning rate; one cycle; gradient accumulation; gradient checkpointing; mixed precision; gradient clipping =
clipping; weight decay = l2; dropout; dropconnect; batch normalisation = batch norm = batchnorm; layer normalisation =
layer norm = layernorm; group normalisation = group norm; instance normalisation = instance norm; weight
normalisation; spectral normalisation; xavier initialisation = glorot; he initialisation = he and colleagues;
orthogonal initialisation; lottery ticket; early stopping; double descent; grokking; neural tangent kernel;
perceptron; multilayer perceptron = mlp; radial basis function network = rbf network; extreme learning machine; echo
state network; reservoir computing; hopfield; boltzmann machine = rbm; deep belief network; capsule network = capsnet;
spiking neural network = snn; leaky integrate and fire; neuromorphic; neural ode; neural turing machine; memory
network; hypernetwork; kolmogorov arnold = kan; mixture of experts = moe; liquid network; siamese network; triplet
loss; highway network; maxout; leaky relu; elu; gelu; selu; swish; mish; softplus; prelu; sparsemax; hinge loss;
autoencoder = auto encoder; denoising autoencoder; sparse autoencoder; variational autoencoder = vae; vq vae;
generative adversarial network = gan = gans; wasserstein gan = wgan; stylegan; cyclegan; pix2pix; conditional gan;
mode collapse; diffusion model = diffusion; stable diffusion; latent diffusion; denoising diffusion = ddpm = ddim;
score matching; score based model; normalising flow; real nvp; energy based model; flow matching; consistency model;
classifier free guidance; frechet inception = fid; inception score; style transfer; deepfake; dall e; midjourney;
inpainting; super resolution; image captioning; text to image; text to speech = tts; speech recognition = asr;
connectionist temporal classification = ctc; wavenet; tacotron; wav2vec; whisper; mel spectrogram; mfcc; voice
cloning; speaker diarisation; wake word; beamforming; music generation; object detection; yolo; r cnn = rcnn; mask r
cnn; faster r cnn; single shot detector; anchor box; non maximum suppression; intersection over union; image
segmentation; semantic segmentation = segmentation; instance segmentation; panoptic; u net = unet; segment anything;
pose estimation; optical flow; depth estimation; stereo vision; slam; structure from motion; neural radiance field =
nerf; gaussian splatting; point cloud; pointnet; face recognition; facenet; arcface; eigenface; optical character
recognition = ocr; edge detection = vertical edge = edges; canny; sobel; hough transform; sift; surf descriptor;
histogram of oriented gradient = hog; haar cascade; viola jones; image pyramid; dilated convolution = atrous;
depthwise convolution = depthwise separable; transposed convolution; deformable convolution; group convolution; graph
convolution; lenet; alexnet; vgg; resnet; inception = googlenet; densenet; mobilenet; efficientnet; squeezenet;
resnext; convnext; squeeze and excitation; nasnet; neural architecture search = nas; vision transformer = vit; swin;
detr; clip model = openai clip; dino; masked autoencoder; grad cam = gradcam; bag of words; tf idf = tfidf; n gram;
word2vec; skip gram; cbow; glove; fasttext; elmo; doc2vec; sentence embedding; sentiment analysis; named entity = ner;
part of speech; dependency parsing; coreference; word sense; lemmatisation; stemming; stop word; topic model; latent
semantic = lsa; text summarisation; machine translation; question answering; bleu; rouge; meteor score; wordpiece;
sentencepiece; unigram tokeniser; seq2seq = sequence to sequence = encoder decoder; bahdanau; luong attention; beam
search; pointer network; copy mechanism; teacher forcing; scheduled sampling; bert; roberta; distilbert; albert;
electra; deberta; xlnet; t5; bart model; gpt = chatgpt = chatbot = language model; llama; mistral; claude; gemini;
deepseek; qwen; masked language model; next sentence prediction; span corruption; rotary embedding = rotary = rope;
alibi; sliding window attention; sparse attention; linear attention; flash attention; paged attention; grouped query
attention = gqa; multi query attention; kv cache = key value cache; speculative decoding; nucleus sampling = top p;
repetition penalty; constrained decoding; chain of thought; tree of thought; self consistency; react prompting; few
shot; zero shot; in context learning; prompt tuning; prefix tuning; soft prompt; adapter; lora; qlora; instruction
tuning; rlhf = reinforcement learning from human feedback; dpo = direct preference; grpo; constitutional ai; reward
model; scaling law = 20 training tokens per parameter; emergent ability; retrieval augmented = rag; vector database;
faiss; hnsw; approximate nearest neighbour; bm25; reranker; hybrid search; knowledge graph; mamba; state space model;
rwkv; hyena; perceiver; reformer; longformer; bigbird; performer; transformer xl; relative position; jailbreak;
watermark; red teaming; hallucination; mechanistic interpretability; sparse feature circuit; policy gradient;
reinforce algorithm; actor critic; advantage function; a2c; a3c; ppo = proximal policy; trpo; ddpg; td3; soft actor
critic; maximum entropy rl; generalised advantage; monte carlo; monte carlo control; td lambda; eligibility trace;
sarsa; expected sarsa; q learning; double dqn; dueling = duelling; rainbow dqn; prioritised replay = prioritised
experience replay; noisy network; distributional rl = c51; hindsight experience replay = her; intrinsic motivation;
curiosity driven; model based reinforcement; dyna; world model; dreamer; muzero; alphago; alphazero; alphafold;
alphastar; monte carlo tree search = mcts = tree search; minimax; alpha beta pruning; self play; multi agent; nash
equilibrium; imitation learning; behaviour cloning; inverse reinforcement; dagger; offline reinforcement = batch
reinforcement; conservative q; decision transformer; hierarchical reinforcement; options framework; reward shaping;
curriculum learning; sim to real; domain randomisation; pomdp = partially observable; contextual bandit; linucb; exp3;
adversarial bandit; successive halving; hyperband; thompson sampling; ucb; bandit; optuna; hyperopt; grid search;
random search; automl; population based training; feature store; mlops; mlflow; wandb; tensorboard;
docker; kubernetes; onnx; tensorrt; model serving; triton server; canary deployment; a b test = ab test; concept
drift; data drift; covariate shift; domain adaptation; data versioning; airflow; kubeflow; spark; hadoop; dask; ray
cluster; data parallel; model parallel; pipeline parallel; tensor parallel; fsdp; deepspeed; parameter server; all
reduce; horovod; tpu; fpga; cuda; quantisation = quantising = quantise; int8; knowledge distillation = distillation;
model compression; edge deployment; tinyml; federated learning = federated; split learning; homomorphic encryption;
secure aggregation; differential privacy; membership inference; model inversion; model stealing; data poisoning;
backdoor attack; adversarial example = adversarial attack = adversarial patch = adversarial training; fgsm; pgd
attack; certified robustness; fairness; demographic parity; equalised odds; counterfactual fairness; explainability =
explainable ai; shap = shapley; lime explainer; saliency map; integrated gradient; partial dependence; permutation
importance; feature importance; counterfactual explanation; concept bottleneck; deep dream; attention rollout;
transfer learning; few shot learning; zero shot learning; meta learning = learning to learn; maml; reptile algorithm;
prototypical network; matching network; self supervised; contrastive learning; simclr; moco; byol; barlow twins;
infonce; semi supervised; pseudo label; co training; label propagation; weak supervision; snorkel; active learning;
human in the loop; continual learning = lifelong learning; catastrophic forgetting; elastic weight consolidation;
online learning; learning to rank; ranknet; lambdamart; recommender system; collaborative filtering; content based
filtering; alternating least squares; factorisation machine; two tower; cold start; implicit feedback; ndcg; mean
average precision; graph neural = gnn; graph attention = gat; graphsage; node2vec; deepwalk; pagerank; link
prediction; community detection; knowledge graph embedding; transe; graph isomorphism; relational learning; arima =
sarima = autoregressive integrated; autoregressive model; moving average model; vector autoregression; garch;
exponential smoothing; holt winters; prophet; seasonal decomposition; stationarity test; dickey fuller; cointegration;
granger; dynamic time warping; changepoint; spectral analysis; fourier transform; wavelet; temporal convolution = tcn;
n beats; temporal fusion; deepar; informer; survival analysis; kaplan meier; cox proportional = cox model; hazard;
censoring; causal inference; causal graph; do calculus; instrumental variable; propensity score; difference in
differences; regression discontinuity; counterfactual; confounder; treatment effect; uplift; structural equation; vc
dimension; pac learning; rademacher; no free lunch; hoeffding; concentration inequality; generalisation bound; minimum
description length; kolmogorov complexity; akaike = aic; bayesian information criterion = bic; kl divergence =
kullback; jensen shannon; wasserstein; optimal transport; sinkhorn; mutual information; information bottleneck;
matthews correlation; cohen's kappa; brier score; log loss = cross entropy; calibration; platt scaling; temperature
scaling; reliability diagram; conformal prediction = conformal; prediction interval; precision recall curve; lift
chart; mape; smape; mahalanobis; jaccard; hamming distance; edit distance = levenshtein; cosine similarity = cosine; t
test; anova; chi squared = chi square; mann whitney; wilcoxon; kolmogorov smirnov; shapiro wilk; bootstrap; jackknife;
permutation test; bonferroni; false discovery = benjamini; power analysis; effect size; latin hypercube; feature
selection; recursive feature elimination = rfe; feature hashing; target encoding; one hot; ordinal encoding;
polynomial feature = polynomial; imputation; k nn imputation; winsorise; power transform; box cox; yeo johnson;
binning; tensorflow; keras; jax; theano; caffe; mxnet; fastai; hugging face; langchain; llamaindex; spacy; nltk;
gensim; opencv; stable baselines; rllib; gymnasium; pytorch lightning; statsmodels; polars; quantum machine learning;
fuzzy logic; expert system; cellular automaton; turing test; cybernetics; symbolic ai; constraint satisfaction; a star
search; dijkstra; robotics; path planning; pid controller; model predictive control; game theory; auction theory
"""

_WORD = re.compile(r"[a-z0-9]+(?:\.\d)?")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_SPELT = (("isation", "ization"), ("ising", "izing"), ("ised", "ized"), ("ise", "ize"), ("our", "or"))
_KEPT = frozenset(
    ("bayes", "ensemble", "series", "analysis", "loss", "class", "bias", "less", "cross", "basis", "bus")
)


@dataclass(frozen=True)
class Topic:
    """`named` is how the question put it; `names` are all names of it, each a tuple of words in `plain` form."""

    named: str
    names: tuple[tuple[str, ...], ...]


def plain(text: str) -> list[str]:
    """The words of a text in the one form in which names are compared: lower case, singular, one spelling.

    >>> plain("Normalising flows, K-Means")
    ['normalizing', 'flow', 'k', 'mean']
    """
    lower = _CAMEL.sub(" ", plain_symbols(text)).lower().replace("'s", "").replace("’s", "")
    return [_form(word) for word in _WORD.findall(lower)]


def _form(word: str) -> str:
    if len(word) > 5:
        for british, american in _SPELT:
            word = word.replace(british, american)
    if len(word) > 3 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith("es") and word[:-2] in _KEPT:
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) and word not in _KEPT:
        return word[:-1]
    return word


@cache
def _topics() -> dict[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Each name of a topic with all its names."""
    found: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {}
    for topic in " ".join(_TOPICS.split()).rstrip(";").split(";"):
        names = tuple(tuple(plain(name)) for name in topic.split("="))
        for name in names:
            found[name] = (*found.get(name, ()), *(n for n in names if n not in found.get(name, ())))
    return found


@cache
def _longest() -> int:
    return max(map(len, _topics()))


@cache
def _spelling() -> Spelling:
    return Spelling({word: 1 for name in _topics() for word in name})


def topics_in(
    question: str, known: Iterable[str] = (), is_word: Callable[[str], bool] = lambda word: False
) -> list[Topic]:
    """The topics that a question names, longest names first choice, in order.

    Words in neither `known` (the words of the passages found, in `plain` form) nor a topic's name are taken for
    misspelt ones where a topic's word is a letter away: "kernal trick". `is_word` knows plain English, which is not:
    "profit" is no misspelt "probit".
    """
    words = plain(question)
    held, spelling = set(known), _spelling()
    words = [
        word if word in held or joined(word, held) or is_word(word) else spelling.correct(word)
        for word in words
    ]
    found: list[Topic] = []
    at = 0
    while at < len(words):
        size = next((n for n in range(_longest(), 0, -1) if tuple(words[at : at + n]) in _topics()), 0)
        if size:
            name = tuple(words[at : at + size])
            found.append(Topic(" ".join(name), _topics()[name]))
        at += max(size, 1)
    return found


def joined(word: str, known: set[str]) -> bool:
    """Whether two known words stand there without a space: "minmax" is no misspelt "minimax"."""
    return any(word[:at] in known and word[at:] in known for at in range(2, len(word) - 1))


def stands_in(topic: Topic, texts: Sequence[Sequence[str]]) -> bool:
    """Whether any name of the topic stands, word beside word, in one of the texts (words in `plain` form)."""
    lines = [f" {' '.join(text)} " for text in texts]
    names = [" ".join(name) for name in topic.names]
    if any(f" {name} " in line for name in names for line in lines):
        return True
    pairs = {one + two for text in texts for one, two in pairwise(text)}  # "AlexNet" is two words there
    return any(name in pairs for name in names)
