"""Which images to keep: pure functions on signatures and settings."""

from ._allocation import allocate, top_up
from ._choice import Choice, ChoiceOptions, standing_cameras
from ._choice_settings import RANDOM_SEED, TARGET_COUNT, ChoiceSettings, PlainOptions
from ._constraints import Constraints
from ._core_sets import (
    CoreSet,
    as_beside_standing,
    by_size,
    core_set,
    rank_union,
    shares,
)
from ._coverage import Coverage, farthest_left_out
from ._derived import BUILT_IN, LIMITS, is_given
from ._distances import Nearest
from ._downsample import downsample
from ._events import Events, EventsOfSome
from ._explanation import Explanation, Reason
from ._farthest_first import farthest_first
from ._inputs import images_of_objects
from ._measures import Measured, measure
from ._notation import as_text, counts, labels_by_key, target_of
from ._order import natural_order, sort_key
from ._pairs import Pair, pairs_around
from ._path_labels import FOLDER, is_of_path, labels_of_paths
from ._preference import MEASURES, numbers_of, split_prefer
from ._result import Selection
from ._split import Split, SplitSettings, split_images, split_shares
from ._standing import Standing, StandingOfSome, mark_standing, to_compare
from ._strata import UNLABELLED, Groups, assign_strata
from ._strategies import RECOMMENDED_STRATEGY, STRATEGIES, Strategy, StrategyName
from ._systematic import select
from ._tally import Bucket, Stratum, count_images, tally
from ._tiers import GOOD, NEVER, are_good
from ._times import Times, check_unit, read_times
from ._where import frames_to_show, heat_maps
