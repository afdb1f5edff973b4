"""The table of cues: which words make which request. The patterns are explained in `patterns.py`."""

from typing import Literal

from agent.interpreter.patterns import one_of

Kind = Literal[
    "find",
    "classify",
    "add",
    "overview",
    "themes",
    "texts",
    "similar",
    "define",
    "settings",
    "estimate",
    "run",
    "status",
    "guideline",
    "scores",
    "rounds",
    "confused",
    "suspicious",
    "hard",
    "why",
    "predictions",
    "oracles",
    "people",
    "benefit",
    "doubts",
    "edits",
    "check",
    "accept",
    "again",
    "undo",
    "stop",
    "export",
    "predict",
    "delete",
    "answer",
    "help",
    "identity",
    "model",
    "hello",
    "thanks",
    "bye",
    "yes",
    "no",
    "foreign",
    "unclear",
]
"""What can be asked for."""

FIND = "find|locate|detect|spot|identify|extract|hunt"
SORT = "classify|categorize|sort|group|divide|organize|organise|split|separate|distinguish"
SHOW = "show|see|give|list|read|print|display|get"
TEXTS = (
    "text|texts|line|lines|row|rows|one|ones|example|examples|entry|entries|item|items|message|messages|review|reviews|"
    "anything|something|things|more|samples|receipts"
)
LIKE = "like|similar|resembling|about|mentioning|containing|with"
LABELS = "label|labels|labeled|answer|answers"
WRONG = "wrong|incorrect|mistaken|bad|inconsistent|error|errors|mistake|mistakes|noise"
LLM = "llm|language|endpoint|gpt*|api|key"
ORACLE = "oracle|oracles|labeler|llm|gpt*|endpoint|ORACLE"
DOUBTED = "doubtful|doubts|dubious|suspicious|suspect"
TAKE = "save|write|hand|ship|take|pack|give|want|deliver|get|need"
WOULD = "would|will|does|did|do it|you|model"
POOL = "pool|there|file|data|dataset|pile|sample|FILE"

CUES: tuple[tuple[Kind, str], ...] = (
    ("foreign", "^bitte|finde|suche|zeige|zeig|klassifiziere|sortiere|wie|was|lade|hilfe"),
    ("foreign", "^trouve|trouvez|cherche|cherchez|montre|montrez|classez|combien|aide"),
    ("foreign", "^encuentra|busca|muestra|clasifica|ayuda|trova|cerca|mostra"),
    # what holds words of the person's own, so that these are no cues
    ("predict", "FILE ... with|using|by the|my|our|this|that|current? model|classifier|task|head"),
    ("similar", f"{SHOW}|{FIND} ... {TEXTS} like|similar & FILE"),
    ("find", f"^{FIND} & FILE"),
    ("find", f"{SHOW} ... {TEXTS} about|mentioning|containing|with & FILE"),
    ("find", "^look|looking|search|searching|go ... for & FILE"),
    ("classify", "which|whether|if ... are|is ... or & FILE"),
    ("similar", f"^{FIND}|{SHOW}|search|is|are ... {TEXTS} {LIKE} & !FILE & !CLASS"),
    ("similar", f"^a|some|the|NUMBER? {TEXTS} {LIKE} & !FILE & !CLASS"),
    ("similar", "^search|lookup & !FILE"),
    ("find", f"^{FIND} & !out & !like|similar & !{LABELS} & !mistakes|errors & !hardest"),
    ("classify", f"^{SORT}|label|tag ... into|as & !NUMBER"),
    # whom to trust
    ("accept", "^accept|adopt & !FILE"),
    ("accept", "accept|adopt|apply|use|take ... edit|edits & !FILE"),
    ("edits", "repair|improve|mend|sharpen|fix|better ... guideline|definition|definitions & !CLASS & !FILE"),
    ("edits", "edit|edits ... guideline|definition|definitions|classes & !FILE"),
    ("edits", f"propose|suggest|what|which|any|{SHOW} ... edit|edits & !FILE"),
    ("edits", "^edits"),
    ("again", f"label|labeled|give|put|take|have|queue ... {DOUBTED} & again|anew|afresh|back|over & !show|list|see"),
    ("again", f"relabel|re-label|requeue|re-queue ... {DOUBTED}|labels"),
    ("again", f"second look & {DOUBTED}|labels"),
    ("check", f"check|test|verify|audit|examine ... {ORACLE} & !skip|without|no|not|label|run|rounds|how|NUMBER|FILE"),
    ("oracles", f"how|is|are ... good|reliable|accurate|well|sure|bad|right ... {ORACLE} & !label|run"),
    ("oracles", f"how|is|are ... {ORACLE} ... good|reliable|accurate|trustworthy|right & !label|run"),
    ("oracles", f"trust|rely ... {ORACLE}"),
    ("oracles", "oracle|oracles report|reports"),
    ("oracles", "report ... oracle|oracles"),
    ("people", "how ... people|annotators|labelers|we ... agree"),
    ("people", "kappa|alpha|annotators|disagreement|disagreements"),
    ("benefit", "benefit|benefits"),
    ("benefit", "who should|ought to? label|annotate|answer"),
    ("benefit", f"is|are|does|be ... {ORACLE} ... worth|pay|save"),
    ("benefit", "llm or|versus|against|vs me|myself|human|hand|person|people|both"),
    ("define", "^define|redefine"),
    ("define", "means|includes|include|excludes|exclude|covers|cover & CLASS & !what & !FILE"),
    ("define", "definition|guideline & to|as|is|add|change|include"),
    # LAUD itself
    ("model", f"how|where ... set|use|connect|configure|add|choose|change ... {LLM}"),
    ("model", f"set|connect|configure a|an|the? {LLM} model? up?$"),
    ("identity", "^are|r|is you|this|it an|a|really|just|some? real? llm|ai|bot|human|robot|gpt*|language|person"),
    ("identity", "^who|what are|made|built you"),
    ("identity", "what|which model|llm do|are you"),
    ("help", "help & !FILE & !NUMBER"),
    ("help", "what can|could|do i|you|we|one do|ask|say|understand"),
    ("scores", "how good|well|accurate|precise|reliable|bad|sure"),
    ("help", "how ... does|do this|it|that|you|laud|i work|begin|start|use"),
    ("help", "commands|manual|instructions"),
    # taking back, ending
    ("undo", "undo|undid|revert|rollback|oops|whoops"),
    ("undo", "take|took|taking ... back"),
    ("undo", f"delete|remove|withdraw|forget|scrap|drop|cancel ... last|latest|previous ... {LABELS}|one|NUMBER"),
    ("undo", "that|it|this|last was|is a? mistake|wrong|slip"),
    ("run", "stop when|at|after|once|if ... PERCENT|NUMBER|DOLLARS|stable|improving"),
    ("stop", "cancel|abort|halt|interrupt|pause"),
    ("status", "^should i|we|it stop|go|continue|label|run"),
    ("stop", "stop & !until & !rule|rules"),
    ("delete", f"delete|remove|erase|discard|destroy|drop & !{LABELS}|duplicates"),
    ("delete", "throw|get ... away|rid"),
    # what a model does
    ("export", "export|exporting|download"),
    ("export", f"{TAKE} ... model|result|labels|predictions|card|everything & !how|what|suspicious|wrong"),
    ("predict", "predict|predicting|apply & FILE"),
    ("predict", "score|judge ... FILE"),
    ("predict", "use|run|try|test|put|apply ... model|classifier|it|that ... FILE"),
    ("predict", "run|put|send FILE through"),
    ("predict", "classify|label|tag|sort|categorize ... new|other|another|next|more ... FILE"),
    ("confused", "wrong|false predictions|ones|positives|negatives|hits|alarms"),
    ("predictions", f"what|which ... {WOULD} return|find|found|say|call|predict|give|flag|pick"),
    ("predictions", "what it|you|model would|will return|find|call|predict|give|flag|pick"),
    ("predictions", "predictions|prediction|hits & !FILE"),
    ("predict", "predict|predicting"),
    # how good it is, and why
    ("rounds", "compare|versus|difference|differ|better & round|rounds|NUMBER"),
    ("rounds", "show|list|see|what|all|which ... rounds|curve & !run & !NUMBER rounds"),
    ("rounds", "^rounds|curve|history|learning"),
    ("rounds", "get|got|getting|become|became any? better|worse"),
    ("doubts", "doubt|doubts|doubtful"),
    ("suspicious", "suspicious|suspect|dubious|fishy|questionable|mislabeled"),
    ("suspicious", f"{LABELS} ... {WRONG} & !NUMBER"),
    ("suspicious", f"{WRONG} ... {LABELS}"),
    ("suspicious", f"check|verify|double-check|review|audit my|the|our? {LABELS}"),
    ("confused", "confused|confuse|confuses|confusing|confusion|misclassif*|misclassified|struggle|struggles"),
    ("confused", "mistakes|mistake|errors|error"),
    ("confused", "mix|mixes|mixed|mixing ... up"),
    ("confused", "what|where|which ... wrong"),
    ("hard", "hard|harder|hardest|difficult|tough|tricky|borderline|trickiest"),
    ("why", "why"),
    ("why", "how ... pick|picked|choose|chose|chosen|select|selected"),
    ("why", "reason|reasons"),
    ("why", "explain|picks"),
    ("scores", "is|are|was it|they|this|that|the any|model? good"),
    ("scores", "score|scores|quality|performance|evaluate|evaluation|results & !FILE & !until & !PERCENT"),
    ("scores", "what|show|tell|give ... accuracy|precision|recall|f1|result & !until"),
    ("scores", "^accuracy|precision|recall|f1 & !NUMBER & !PERCENT"),
    # where things stand
    ("status", "how many labels|rounds|answers ... have|has|had|were|was|are|is|did"),
    ("status", "how much ... did|have|has|was|were ... spend|spent|paid|pay|cost"),
    ("guideline", "what|which|show|list|tell ... classes|guideline|definition|definitions|budget|goal|settings|oracle"),
    ("guideline", "^classes|guideline|definitions"),
    # what it would take
    ("estimate", "what|how ... cost|costs|price"),
    ("estimate", "^the? cost|costs|price|estimate"),
    ("estimate", "estimate|expensive|pricey"),
    ("estimate", "how long|much ... take|takes|need|cost|pay|be|money|time|is|spend|with|for"),
    ("estimate", "how many minutes|hours|labels|dollars|texts|rounds ... need|take|takes|require|cost|must|have"),
    ("estimate", "what is|was|would the|a|your be? plan"),
    ("estimate", "make|propose|suggest|give|show|another|new me|a|us plan"),
    # the task
    ("settings", "set|change|switch|make|raise|lower|put ... budget|oracle|goal|target|limit & !round & !rounds"),
    ("settings", "budget|goal|target is|=? of? NUMBER|DOLLARS|PERCENT & !run & !label & !classify"),
    ("settings", "not|never spend ... DOLLARS|NUMBER"),
    # what to do with the texts
    ("run", "label|annotate|tag & NUMBER & !FILE"),
    ("classify", "classify|categorize|classifying|categorizing"),
    ("classify", f"{SORT}|label|annotate|tag & FILE"),
    ("classify", f"{SORT}|tell ... into|by|from|apart|these|those|them|it|my"),
    ("classify", "label|tag|annotate ... as|into & !NUMBER"),
    ("classify", "^is|are each|every|all|this|these ... or"),
    ("classify", "into ... and|or & !round & !rounds"),
    ("similar", f"{TEXTS} {LIKE} & !FILE & !CLASS"),
    ("similar", "like|similar to? QUOTE"),
    ("similar", "similar to"),
    ("similar", "search|searching|lookup & !FILE"),
    ("similar", "look up & !FILE"),
    ("themes", "theme|themes|topic|topics|cluster|clusters & !FILE"),
    ("themes", "what|which kinds|kind|sorts|types|categories|groups|subjects ... texts|things|there|pool|lines|these"),
    ("overview", f"what|show|tell ... in|inside|about ... {POOL}"),
    ("overview", "describe|inspect|overview|summary|summarize|summarise|explore|analyze|analyse"),
    ("overview", f"look|looking at|into the|my|this? texts|{POOL}"),
    ("overview", f"how many|big {TEXTS}|duplicates|languages|is"),
    ("overview", "what|which languages|language"),
    ("run", "label|annotate|run|train|retrain|labeling & !FILE & !^how|what|which|when|did|was|were|is|are|should"),
    ("find", f"{FIND}|finding|detecting"),
    ("find", "pick|single|filter|sort|fish out"),
    ("find", "look|looking|search|searching|watch for"),
    ("find", "which|what|is|are|need|want|get|search ... FILE & !add|load|read|import|open|upload"),
    ("predictions", f"{SHOW} & CLASS"),
    ("texts", f"{SHOW} ... {TEXTS}|some|sample|data|few"),
    ("texts", f"random|some|few|typical|sample {TEXTS}"),
    ("status", "status|situation|progress"),
    ("status", "where|far ... are|is|do|am|stand we|i|you|things|it|task|this|stand"),
    ("status", "what|anything is|are|going|happening ... happening|going|running|on|waiting|left|open|queue"),
    ("status", "^are|is|have you|it|we|the|that ... done|finished|ready|running|busy|working|complete"),
    ("status", "what now|next"),
    ("status", "what should|do|can i|we do next|now"),
    ("add", "add|load|read|import|open|upload|here|use|take|have|try|data|file|is|are|with & FILE"),
    ("find", "in|from|inside|within|among FILE"),
    ("add", "FILE"),
    ("run", "go|carry|keep|move on|ahead|going|training|labeling"),
    ("run", "^start|continue|resume|proceed|begin|iterate|more|improve|learn|another|again & !over|fresh|new"),
    ("run", "^NUMBER more|further$"),
    ("run", "once|one|NUMBER more|another? round|rounds"),
    # manners
    ("thanks", "thanks|thank|thx|cheers|great|nice|cool|perfect|wonderful|super|excellent|awesome|ta"),
    ("bye", "bye|goodbye|exit|quit"),
    ("hello", "hello|hi|hey|morning|afternoon|evening|greetings|howdy|yo|moin"),
)  # fmt: skip
"""Which words make which request; the first row that holds is it."""
LOOSE: tuple[tuple[Kind, str], ...] = (
    ("find", f"^which|what {TEXTS} ... are|is|about"),
    ("find", "^which ... are|is|about"),
    ("find", "^need|want|get"),
)
"""Weaker cues, looked at when no other holds, also not with the spelling mended."""

YES = one_of(
    "yes|yep|yeah|yup|y|sure|ok|okay|absolutely|definitely|fine|agreed|approve|approved|alright|exactly|correct|course"
)
NO = one_of("no|nope|nah|n|not|never|nevermind|nothing|forget|leave|later|refuse")
FILLERS = one_of(
    "please|do|it|that|is|this|go|ahead|for|start|begin|then|now|thanks|thank|you|of|course|us|let|right|with|me|good|"
    "sounds|looks|yet|mind|all|by|i|rather|more"
)
"""A message of such words only is a plain yes or no."""
COMMON = one_of(
    "this|that|these|those|there|their|them|they|then|than|with|from|have|some|many|much|more|most|such|what|"
    "when|where|which|while|will|would|about|above|after|before|below|between|both|come|does|done|down|each|else|"
    "even|ever|every|fine|first|here|into|just|keep|kind|know|last|line|long|look|made|mind|must|name|near|need|"
    "next|only|open|other|over|part|past|same|seem|shop|side|since|soon|still|sure|take|talk|tell|time|used|very|"
    "want|well|went|were|word|work|year|your|table|cable|pound|pounds|watch|match|catch|paper|price|prices|water|"
    "store|stored|stove|stork|short|sport|report"
)
"""Words that are no slips of others."""
