"""Words that are not in any lab: everyday English, the wider subject, and what lies outside the course.

The labs' own words come from the registry. These lists answer three questions only: is this word a typing
mistake, is this a wish for an experiment that no lab offers, and is this message about machine learning at
all? A phrase of `FIELD` that some lab offers stops being foreign by itself, since the lab's words are taken
away from it.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


# Words by which a message goes on from the run before it, even where it names the lab again.
CARRIES = words(
    """
    again same keep still too also instead but repeat another previous exactly before bigger smaller wider
    deeper larger longer
    """
)
# "make the network wider" is about the run that is there, though it names the lab.
MODIFIES = words(
    """
    make set change give increase decrease double halve triple add remove keep drop lower raise bump reduce switch
    swap turn
    """
)
POINTS = words("it that this one both them those again same")
# Soft verbs that, with words of the subject, ask for an experiment even where no lab is known for it.
DOING = words(
    """
    do try build test solve evaluate predict forecast classify compare trade balance recognise let plot make
    generate segment detect
    """
)

# Methods, models, data sets and tools of machine learning that a student may ask for by
# name. Whichever of them no lab in the registry knows makes "run ..." a wish that cannot be met.
FIELD = frozenset(
    phrase.strip()
    for phrase in """
    chatbot, chat bot, gan, gans, generative adversarial network, vae, variational autoencoder, autoencoder,
    auto encoder,
diffusion, diffusion model, stable diffusion, dall e, midjourney, k means, kmeans, clustering, cluster,
dbscan, hierarchical clustering, gaussian mixture, gmm, expectation maximisation, pca, principal component
analysis, principal component, t sne, tsne, umap, lda, ica, svd, dimensionality reduction, isolation forest,
anomaly detection, outlier detection, xgboost, lightgbm, catboost, gradient boosting, boosting, adaboost,
bagging, gaussian process, bayesian optimisation, bayesian network, hidden markov model, mcmc, monte
carlo tree search, mcts, genetic algorithm, evolutionary algorithm, neuroevolution, particle swarm,
simulated annealing, ppo, a2c, a3c, actor critic, reinforce, policy gradient, ddpg, sac, td3, trpo, alphago,
alphazero, muzero, atari, breakout, pong, lunar lander, lunarlander, mountain car, mountaincar, pendulum,
mujoco, half cheetah, blackjack, tic tac toe, chess, go game, minecraft, doom, super mario, bert, roberta,
t5, gpt 2, gpt2, gpt 3, gpt3, gpt 4, gpt4, chatgpt, llama, mistral, claude, gemini, word2vec, glove, word
embedding, sentiment analysis, sentiment, translation model, machine translation, summarisation, named
entity recognition, ner, speech recognition, whisper, text to speech, object detection, yolo, segmentation,
u net, unet, image segmentation, face recognition, style transfer, neural style, vit, vision transformer,
alexnet, inception, mobilenet, efficientnet, densenet, graph neural network, gnn, siamese, contrastive
learning, simclr, clip model, capsule network, boltzmann machine, rbm, hopfield, spiking, liquid network,
reservoir, esn, mamba, state space model, arima, prophet, garch, exponential smoothing, kalman filter,
collaborative filtering, recommender, recommender system, recommendation system, matrix factorisation,
federated learning, transfer learning, rlhf, lora, fine tune, finetune, fine tuning, quantisation,
distillation, pruning, neural architecture search, automl, grid search, cross validation, cifar, cifar10,
cifar 10, cifar100, imagenet, coco, fashion mnist, fashionmnist, svhn, celeba, titanic, boston, boston
housing, california housing, house price, housing, mtcars, penguin, adult income, imdb, movielens, spam,
shakespeare, wikipedia, bitcoin, btc, ethereum, crypto, forex, weather data, covid, kaggle, resnet50, cat
and dog, cat photo, quantum, elastic net, support vector regression, svr, kernel regression, stepwise
regression, contextual bandit, linucb, duelling bandit, dueling bandit, dueling dqn, duelling dqn, rainbow
dqn, prioritised replay, bidirectional lstm, bidirectional rnn, seq2seq, sequence to sequence, exp3, robust
regression, huber regression, bayesian regression,
bayesian linear regression, bayesian neural network, bayesian neural net,
gaussian process regression, isotonic regression,
decision tree regression, random forest regression, knn regression, poisson regression, quantile regression,
survival analysis, linear discriminant analysis, lstm, gru, rnn, recurrent network, recurrent neural
network, cnn, convnet, convolutional network, convolutional neural network, transformer, language model,
gpt, dqn, deep q network, deep q learning, cartpole, q learning, sarsa, value iteration, policy iteration,
gridworld, grid world, frozen lake, cliff walking, mdp, neural network, neural net, nn, mlp, perceptron,
backprop, backpropagation, random forest, decision tree, svm, support vector machine, naive bayes, knn, k
nearest neighbour, logistic regression, regression, classifier, classification, bandit, multi armed bandit,
trading, trade, stock, share price, stock price, iris, wine, breast cancer, digit, mnist, moon, spiral, xor,
vgg, resnet, lenet
""".replace("\n", " ").split(",")
)

# Words that make a question one about the subject (and are never typing mistakes).
SUBJECT = words(
    """
    ml ai machine learning model data dataset algorithm train trained training test testing validation split
    loss error cost gradient descent learning rate weight bia bias parameter hyperparameter feature label
    target input output function layer neuron hidden network neural deep activation softmax sigmoid relu
    tanh entropy cross matrix vector tensor derivative chain rule partial calculus algebra equation formula
    proof theorem probability distribution normal gaussian mean median variance deviation standard average
    sample sampling statistic statistical estimate estimator expected expectation likelihood prior posterior
    bayesian correlation covariance regression classification classifier accuracy precision recall score roc
    auc curve plot graph axis chart figure result metric epoch batch iteration step overfit overfitting
    underfitting underfit regularisation regularise generalise generalisation noise outlier scaling
    normalise normalisation standardise convergence converge diverge divergence optimum optimal optimise
    optimisation optimiser minimum maximum local global saddle momentum adam sgd convolution convolutional
    kernel filter pooling stride padding channel pixel image dropout augmentation transformer attention
    token tokeniser embedding perplexity temperature prompt language generate generation agent environment
    state action reward policy value return bellman discount exploration exploitation explore exploit greedy
    regret episode reinforcement markov decision process recurrent memory cell gate vanishing exploding
    sequence series forecast prediction predict stock price market sharpe drawdown leakage baseline tree
    forest neighbour vector support margin boundary cluster clustering supervised unsupervised semi labelled
    unlabelled dimension dimensionality component eigenvalue eigenvector lecture week module course syllabus
    slide note notebook exercise exam assignment coursework lab experiment run simulation numpy python
    pytorch sklearn tensorflow jupyter library code coding implement implementation seed random randomness
    fit fitting polynomial linear nonlinear quadratic slope intercept residual coefficient squared square
    rmse mse mae logit logistic odds threshold confusion positive negative class imbalanced backprop
    backpropagation propagation initialisation initialise xavier he batchnorm feedforward perceptron
    universal approximation encoder decoder head query key bandit arm ucb thompson epsilon alpha gamma theta
    lambda eta delta sarsa iteration evaluation dynamic programming
    """
)

# Subjects that no course on machine learning answers for.
ELSEWHERE = words(
    """
    news headline cat dog kitten euro dollar currency tv television telly shop shopping supermarket timetable
    poem poetry song lyric joke story novel flight hotel holiday pizza recipe cook cooking pasta cake
    dinner lunch food restaurant takeaway curry weather rain forecast sunny umbrella football cricket rugby
    tennis olympic league capital president king queen prime minister election vote politic
    government country city history geography homework essay biology chemistry french spanish german
    english translate translation film movie netflix actor celebrity music band album playlist
    spotify girlfriend boyfriend marriage horoscope sign astrology doctor medicine headache
    symptom dentist gym marathon diet workout car ticket taxi uber alarm timer reminder
    remind calendar email letter cv cover resignation birthday gift shopping amazon tesla buy
    invest lottery bet betting hungry thirsty bored lonely sad tired mountain river ocean tallest
    tea breakfast snack breakup
    relationship wedding baby kid mum dad boss salary wage mortgage rent loan bank tax pension insurance
    passport visa embassy airport house furniture ikea shampoo haircut shoe dress jacket makeup
    manchester liverpool arsenal chelsea leeds scotland wales ireland europe america china russia india
    africa spain italy germany french revolution ww2 roman empire dinosaur planet mars nasa astronaut
    god religion bible church philosophy legal lawyer police crime murder swift beyonce kardashian oscar
    playstation xbox fortnite pokemon sudoku crossword phone iphone bus wifi printer battery
    instagram tiktok youtube facebook twitter whatsapp meme emoji christmas easter halloween party pub beer
    wine coffee cocktail drunk hangover anxiety depression therapy vaccine virus covid flu cough fever
    pregnant calorie protein vegan bake oven kettle fridge lawn plumber bike cycling swimming golf boxing
    wimbledon tattoo perfume dissertation landlord flatmate password hack
    bitcoin pet garden tokyo paris london france england
    gram ounce kilogram pint gallon litre inch yard acre celsius fahrenheit flirting jumper stain trouser sock
    jeans laundry ironing washing dishwasher toilet shower bathroom curtain carpet sofa
    mattress duvet vacuum hoover dustbin recycling wallpaper ceiling lightbulb sandwich soup salad bread
    butter cheese
    egg chicken beef pork rice noodle chocolate biscuit pudding strawberry banana onion carrot tomato recipe
    barbecue
    vegetarian allergy sunburn blister migraine insomnia antibiotic ibuprofen paracetamol pregnancy nurse
    surgery
    hospital ambulance vet puppy kitten hamster rabbit goldfish tortoise parrot spider mosquito wasp hedgehog
    squirrel
    whale dolphin shark elephant giraffe penguin octopus volcano earthquake hurricane tornado tsunami glacier
    desert
    rainforest continent equator moon asteroid comet galaxy telescope satellite rocket photosynthesis mitosis
    dna
    chromosome enzyme atom molecule proton electron periodic acid alkali magnet gravity relativity electricity
    circuit
    boiler radiator plumber electrician carpenter guitar piano violin ukulele choir orchestra concert festival
    theatre
    museum gallery novel author playwright shakespeare macbeth hamlet dickens sculpture knitting crochet
    sewing origami
    chess poker monopoly scrabble rugby netball hockey badminton basketball skiing snowboarding surfing yoga
    pilates
    jogging treadmill 5k 10k squat deadlift netflix bbc podcast trailer episode sitcom eurovision bafta oscars
    strictly
    parliament senate congress brexit constitution monarchy democracy republic minister mayor referendum
    treaty empire
    napoleon hitler churchill victorian tudor medieval pyramid pharaoh viking castle railway motorway
    roundabout parking
    tyre puncture clutch mot petrol diesel scooter helmet ferry cruise suitcase hostel backpack campsite tent
    beach
    snow thunder fog humidity heatwave haircut shaving moisturiser lipstick mascara nail jewellery necklace
    engagement
    bride groom divorce toddler nursery daycare teenager grandma grandad auntie nephew niece flirt dating
    tinder crush
    council rent deposit tenancy benefits pension invoice vat isa savings overdraft credit debit refund parcel
    postcode
    stamp javascript html css wordpress excel powerpoint photoshop android ipad macbook laptop keyboard
    bluetooth router
    """
)

# Everyday words that look like words of the subject, or are simply frequent: never taken for typing mistakes.
COMMON = words(
    """
    noisy
    tutor tutors teacher
    chat chats cheap chest cheque chef chew sage cage wage page sales sole role rule ruler males pole poles
    hole holes sort port pure sure cure core cares scare shore share spare stare stair chart cheers clips
    clip click class glass grass brass tests teats beat beats seat heat treat trial trail train trait traits
    drain brain grain plain plait print point paint joint faint saint noted nodes mode model modal medal
    metal petal pedal lines liner linen wines winds kinds finds minds stock sock rock lock block clock flock
    shock smock rates dates mates gates fates plates stats spots shots slots lots pots anywhere everywhere
    nowhere somewhere elsewhere hopefully honestly seriously literally obviously apparently a able about
    above across actual actually add after again against ago all allow almost alone along already alright
    also although always am among amount an and another answer any anyone anything anyway apart are area
    around art as ask asked at away back bad based basic basically be bear beat because become been before
    begin behave behind being believe best bet better between beyond big bigger bit black blew blow blue
    board body book books both bottom bought box boy break bring broke brother build building built business
    busy but buy by call called came can care case cause certain chance change changed check cheer child
    choose chosen class clear clearly close cold come comes common company compare complete confused
    confusing consider contain control cool could count couple course cover covered create cup curious
    current cut daily dark day days dead deal dear decay decide deep definition depend describe detail did
    die differ difference different difficult dinner do does doing done door doubt down draw drive drop
    dropped due during each early earn easier easily easy eat eight either else end enough even evening ever
    every everyone everything exact exactly example except expect explain extra eye face fact fail fair fall
    false family far fast faster father favourite feel few field fifth fifty fill final finally find fine
    finish fire first five fix flat floor fly follow following for forget form found four free friend from
    front full fun funny further game gave general get gets getting girl give given gives go goes going gone
    good got great green group grow had half hand hang happen happened happens happy hard has hate have
    having he head hear heard heart heavy held hello help helpful her here hey hi high higher highest him
    his hit hold home hope horse hot hour house how however human hundred hurt i idea if ignore important in
    increase instead intend interest interesting into is issue it job join just keep kept kind knew know
    known lab land large last late later laugh law lazy lead learn learned learnt least leave led left less
    let letter level lie life light like likely line list listen little live long longer look looked looks
    lose lost lot loud love low lower lowest lunch made main make makes making man many mark mate matter may
    maybe me mean means meant measure men mention mess method middle might mind mine minute miss missed
    mistake moment money month more morning most mother mouth move much must my myself name near nearly
    necessary need needed never new next nice night nine no nobody none nor normal north not note nothing
    notice now number of off offer often oh ok okay old on once one only open or order other others our out
    outside over own page paper parent part party pass past pay people perfect perhaps person pick picked
    picture piece place plain plan play played player please point poor possible post practice practise
    present pretty previous price probably problem proper properly prove provide public pull purpose push
    put quarter question quick quickly quiet quite quote ran rather reach read ready real really reason
    recall recent recommend red remember remove repeat report rest result rich ride right ring rise road
    room round rule run running said same sat save saw say says scared school sea second see seem seems seen
    sell send sense sent serious set seven several shall shape share she short should shoulder show shows
    shut sick side sign silly similar simple simply since sister sit site six size skip sleep slow slower
    slowly small smaller so some someone something sometimes son soon sorry sort sound south speak special
    speed spend spent split spot stand start started state stay steep step still stop stopped stops store
    story straight strange street strong struggle stuck study stuff stupid subject such suggest suit sum
    summary sun suppose sure surprise sweet swim switch system table take taken takes talk talks tall taught
    tea teach teacher team tell ten term terms test text than thank thanks that the their them then there
    these they thing things think third this those though thought thousand three through throw time times
    tired to today together told tomorrow tonight too took top total touch tough toward town tree tried trip
    trouble true truth try trying turn twelve twenty twice two type uncle under understand understood until
    up upon us use used useful uses usual usually value various very view visit voice wait walk wall want
    wanted wants war warm was watch water way ways we wear week weeks weird well went were west what
    whatever when where whether which while white who whole whose why wide wife will win wind window wine
    winner winter wish with within without woman won wonder word words work worked working works world worry
    worse worst worth would wow write writing wrong year years yes yesterday yet you young your yours
    yourself zero abit about acts adjust admit advice afraid against agree aim albeit allow apply appear
    arms around arrive attempt average avoid aware bank bar base basis bath bed bell below belt bend bike
    bill bird birth blame blood boat bone born boss bounce brain brand bread breath brief broad brown bus
    cake camp card cash cat chain chair charge cheap chess chicken chip church clean climb cloth cloud coach
    coast coat coffee cook copy corn corner cost cow crazy cross crowd cry damage dance danger date daughter
    death debt dog dream dress drink dry dust duty earth edge egg empty engine enjoy enter entire equal
    error escape exam exist explore fear feet fight file film finger fish flight flow food foot force fresh
    fuel gain garden gas gate gift glad glass goal gold grade grand grass guess guide gun guy guys habit
    hair hall harm hat hell hide hill hire hole huge hunt ice image inside invite island item joke jump key
    kick kid kill king kiss kitchen lake lamp lack lamp leaf lean leg lend length limit link load loan local
    lock log loop luck luckily mad magic mail manage map marry mass match meal meat meet member memory metal
    mile milk miles mix mode modern mood moon mountain movie music narrow nation nature neat neck nerve net
    news noise nose odd oil onto opinion option ours output pace pack pain paint pair pan path pattern peace
    pen pet phone photo piano pile pipe plane plant plate plenty poem poet pool pop pot pound power prefer
    press pride print prize process produce profit progress proof proud race rain raise range rank rare rate
    rely rent reply request reset respect return reward risk river rock roll roof root rope rough row
    rubbish rush sad safe sail sale salt sand scale scene score screen search seat secret seek select
    sentence separate serve service settle shake sharp sheep sheet ship shirt shock shoe shoot shop shot
    shout silent silver sing sink skill skin sky slight slip smart smell smile smoke smooth snow social soft
    soil sold solid soul soup space spare specific spell spin spirit spread spring square stable staff stage
    stair star steal steel stick stone storm stream stress stretch strike string structure style sugar
    summer supper supply support surface survive swing tail tank tape target task taste tax tear tend tent
    thick thin threat throat ticket tie tight till tiny tip tone tool tooth tour track trade train trap
    travel treat trend trial trick truck trust tube tune ugly unit upset urge usual valley vary vast via
    village vote wage wake warn wash waste wave weak weather weigh weight wheel wherever wild wing wire wise
    wood worker wrap yard yellow ye yeah yep yup nah nope ha haha lol lmao omg hmm hm um uh er erm oi hiya
    heya hello howdy cheers ta bye goodbye mate bro dude pal brilliant amazing awesome lovely ace wicked
    sick legend genius welcome appreciated appreciate gotcha understood noted sense ran ranked ranking store
    stored storing arms harm farm warm charm alarm army begins began episode stop shop chop slope scope
    """
)
