"""The measures of a colouring: their keys, headings, digits, and which way is better."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """How a measure is shown: its key in JSON, heading, digits after the point, which way is better if any, and what
    it is in a few words.
    """

    key: str
    heading: str
    digits: int
    better: str
    meaning: str = ""

    @property
    def title(self) -> str:
        """The heading with its arrow."""
        return f"{self.heading} {self.better}".strip()


MEASURES = (
    Measure("psnr", "PSNR dB", 2, "↑", "small error of red, green and blue; rewards caution"),
    Measure("ciede2000", "CIEDE2000", 2, "↓", "colour difference to the eye, pixel by pixel"),
    Measure("lpips_alex", "LPIPS alex", 3, "↓", "how different two pictures look, by AlexNet"),
    Measure("lpips_vgg", "LPIPS vgg", 3, "↓", "how different two pictures look, by VGG-16"),
    Measure("same_class", "same class", 3, "↑", "share of pictures that a classifier names as it names the truth"),
    Measure("class_probability", "class prob.", 2, "↑", "what the truth's class gains or loses in probability"),
    Measure("blotchiness", "blotchiness", 2, "", "colour that changes where lightness does not"),
    Measure(
        "excess_blotchiness",
        "excess blotches",
        2,
        "↓",
        "blotchiness that the truth does not have; grey has none",
    ),
    Measure("pixelation", "pixelation", 2, "", "colour that changes from pixel to pixel where lightness does not"),
    Measure("colorfulness", "colourfulness", 1, "", "how vivid, by Hasler and Süsstrunk"),
    Measure("colorfulness_abs", "the same, abs", 1, "", "how vivid, by the variant that most papers print"),
    Measure("mean_chroma", "mean chroma", 1, "", "mean distance from grey, in CIE units"),
)
FID = Measure("fid", "FID", 1, "↓", "how different two sets of pictures are to Inception")

# What compares a picture with its truth and says nothing of the truth itself.
COMPARISONS = frozenset(
    {"psnr", "ciede2000", "lpips_alex", "lpips_vgg", "same_class", "class_probability", "excess_blotchiness"}
)
# Measures given as a share of grey's, and of the truth's.
AGAINST_GREY = ("ciede2000", "lpips_alex", "lpips_vgg")
AGAINST_TRUTH = ("colorfulness", "colorfulness_abs", "mean_chroma", "blotchiness")
RELATIVE = (
    Measure("psnr_above_grey", "PSNR above grey, dB", 2, "↑"),
    Measure("ciede2000_of_grey", "CIEDE2000 / grey's", 3, "↓"),
    Measure("lpips_alex_of_grey", "LPIPS alex / grey's", 3, "↓"),
    Measure("lpips_vgg_of_grey", "LPIPS vgg / grey's", 3, "↓"),
    Measure("colorfulness_of_truth", "colourfulness / truth's", 3, ""),
    Measure("colorfulness_abs_of_truth", "the same, abs / truth's", 3, ""),
    Measure("mean_chroma_of_truth", "mean chroma / truth's", 3, ""),
    Measure("blotchiness_of_truth", "blotchiness / truth's", 3, ""),
)
