"""Lists the tokens that are known by a prefix or a form of their own.

Prefix, alphabet and length of each token are facts that its issuer, or a scanner such as gitleaks
(MIT), publishes. A row is the kind, the literals of which a text must contain one for the rule to
be tried, and the expression of the token. It begins with one character or class, and has at most
one unbounded quantifier, over characters that what follows cannot match.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["TOKEN_FORMS", "TokenForm"]


class TokenForm(NamedTuple):
    """A kind of token: the literals that announce it, separated by blanks, and its expression."""

    kind: str
    needles: str
    pattern: str


_HEX_ID = r"[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}"

TOKEN_FORMS: Final = (
    # Clouds
    TokenForm(
        "aws-access-key-id",
        "AKIA ASIA ABIA ACCA A3T",
        r"A(?:KIA|SIA|BIA|CCA|3T[A-Z0-9])[0-9A-Z]{16}",
    ),
    TokenForm("aws-bedrock-key", "ABSK", r"ABSK[A-Za-z0-9+/]{64,}={0,2}"),
    TokenForm("google-api-key", "AIza", r"AIza[0-9A-Za-z_-]{35}"),
    TokenForm("google-oauth-secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    TokenForm("google-oauth-token", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
    TokenForm("google-refresh-token", "1//0", r"1//0[A-Za-z0-9_-]{40,}"),
    TokenForm(
        "azure-client-secret", "Q~", r"[A-Za-z0-9_~.][A-Za-z0-9_~.]{2}\dQ~[A-Za-z0-9_~.-]{31,34}"
    ),
    TokenForm("digitalocean-token", "_v1_", r"do[opr]_v1_[a-f0-9]{64}"),
    TokenForm("databricks-token", "dapi", r"dapi[a-f0-9]{32}(?:-\d)?"),
    TokenForm("vault-token", "hvs. hvb. hvr.", r"hv[sbr]\.[A-Za-z0-9_-]{24,}"),
    TokenForm(
        "vault-token",
        "s.",
        r"s\.(?=[A-Za-z]{0,23}\d)(?=[A-Za-z0-9]{0,23}[A-Z])[A-Za-z0-9]{24}(?!\.)",
    ),
    TokenForm(
        "doppler-token",
        "dp.",
        r"dp\.(?:pt|st|sa|ct|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}",
    ),
    TokenForm("planetscale-token", "pscale_", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,}"),
    TokenForm(
        "supabase-token", "sbp_ sb_secret_", r"sb(?:p_[a-f0-9]{40}|_secret_[A-Za-z0-9_-]{20,})"
    ),
    TokenForm("heroku-key", "HRKU-", r"HRKU-AA[A-Za-z0-9_-]{58}"),
    TokenForm("alibaba-key", "LTAI", r"LTAI[A-Za-z0-9]{16,22}"),
    TokenForm("tencent-key", "AKID", r"AKID[A-Za-z0-9]{32,36}"),
    TokenForm("yandex-key", "AQVN", r"AQVN[A-Za-z0-9_-]{35,38}"),
    TokenForm("yandex-token", "t1.", r"t1\.[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{86}={0,2}"),
    TokenForm("openshift-token", "sha256~", r"sha256~[A-Za-z0-9_-]{43}"),
    TokenForm("vercel-token", "vcp_ vci_ vca_ vcr_ vck_", r"vc[piark]_[A-Za-z0-9]{24,}"),
    TokenForm("vercel-token", "vercel_blob_rw_", r"vercel_blob_rw_[A-Za-z0-9]{16}_[A-Za-z0-9]{30}"),
    TokenForm("netlify-token", "nfp_ nfc_ nfo_ nfu_", r"nf[pcou]_[A-Za-z0-9_]{36,}"),
    TokenForm("cloudflare-token", "cfut_ cfat_ cfk_", r"cf(?:ut|at|k)_[A-Za-z0-9]{40,}"),
    TokenForm("cloudflare-origin-key", "v1.0-", r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}"),
    TokenForm(
        "fly-token", "fm1r_ fm1a_ fm2_ fo1_", r"f(?:m1[ar]|m2|o1)_[A-Za-z0-9+/_-]{40,}={0,3}"
    ),
    TokenForm("neon-key", "napi_", r"napi_[A-Za-z0-9]{40,}"),
    TokenForm("pulumi-token", "pul-", r"pul-[a-f0-9]{40}"),
    TokenForm(
        "terraform-token", ".atlasv1.", r"[A-Za-z0-9][A-Za-z0-9]{13}\.atlasv1\.[A-Za-z0-9_=-]{60,}"
    ),
    TokenForm("infracost-key", "ico-", r"ico-[A-Za-z0-9]{32}"),
    TokenForm("scalingo-token", "tk-us-", r"tk-us-[A-Za-z0-9_-]{48}"),
    TokenForm(
        "tailscale-key",
        "tskey-",
        r"tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,}-[A-Za-z0-9]{16,}",
    ),
    # Forges and registries
    TokenForm(
        "github-token",
        "ghp_ gho_ ghu_ ghs_ ghr_",
        r"gh[pousr]_(?:[A-Za-z0-9]{36,251}|[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{20,})",
    ),
    TokenForm("github-fine-grained-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{36,}"),
    TokenForm(
        "gitlab-token",
        "glpat- glptt- gldt- glrt- glcbt- glft- glsoat- glimt- glagent- gloas- glffct- glwt-",
        r"gl(?:pat|ptt|dt|rt|rtr|cbt|ft|soat|imt|agent|oas|ffct|wt)-[A-Za-z0-9_-]{20,}(?:\.[a-z0-9]{2}\.[a-z0-9]{9})?",
    ),
    TokenForm("gitlab-runner-token", "GR1348941", r"GR1348941[A-Za-z0-9_-]{20}"),
    TokenForm("npm-token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    TokenForm("pypi-token", "pypi-AgE", r"pypi-AgE[A-Za-z0-9_-]{50,}"),
    TokenForm("rubygems-token", "rubygems_", r"rubygems_[a-f0-9]{48}"),
    TokenForm("nuget-key", "oy2", r"oy2[a-z0-9]{43}"),
    TokenForm("docker-token", "dckr_pat_ dckr_oat_", r"dckr_[po]at_[A-Za-z0-9_-]{27,}"),
    TokenForm("crates-io-token", "cio", r"cio[A-Za-z0-9]{32}"),
    TokenForm("artifactory-key", "AKC", r"AKC[a-zA-Z0-9][A-Za-z0-9]{60,72}"),
    TokenForm("artifactory-token", "cmVm", r"cmVm[A-Za-z0-9]{56,64}"),
    TokenForm("clojars-token", "CLOJARS_", r"CLOJARS_[a-z0-9]{60}"),
    TokenForm("bitbucket-token", "ATCTT3 ATBB", r"AT(?:CTT3[A-Za-z0-9_=-]{60,}|BB[A-Za-z0-9]{32})"),
    TokenForm("sourcegraph-token", "sgp_", r"sgp_(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40}"),
    # Models
    TokenForm("anthropic-key", "sk-ant-", r"sk-ant-[a-z]{3,8}\d\d-[A-Za-z0-9_-]{24,}"),
    TokenForm("openrouter-key", "sk-or-", r"sk-or-v\d-[a-f0-9]{64}"),
    TokenForm(
        "openai-key",
        "sk-",
        r"sk-(?:(?:proj|svcacct|admin|None|service)-[A-Za-z0-9_-]{32,}|[A-Za-z0-9]{32,64})",
    ),
    TokenForm("xai-key", "xai-", r"xai-[A-Za-z0-9]{70,90}"),
    TokenForm("perplexity-key", "pplx-", r"pplx-[A-Za-z0-9]{40,64}"),
    TokenForm("huggingface-token", "hf_", r"hf_[A-Za-z0-9]{34}"),
    TokenForm("groq-key", "gsk_", r"gsk_[A-Za-z0-9]{52}"),
    TokenForm("replicate-token", "r8_", r"r8_[A-Za-z0-9]{37}"),
    TokenForm("nvidia-key", "nvapi-", r"nvapi-[A-Za-z0-9_-]{60,70}"),
    TokenForm("fireworks-key", "fw_", r"fw_(?=[A-Za-z]{0,22}\d)[A-Za-z0-9]{22,32}"),
    TokenForm("together-key", "tgp_v1_", r"tgp_v1_[A-Za-z0-9_-]{40,}"),
    TokenForm("pinecone-key", "pcsk_", r"pcsk_[A-Za-z0-9]{4,8}_[A-Za-z0-9]{50,}"),
    TokenForm("langsmith-key", "lsv2_", r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
    TokenForm("tavily-key", "tvly-", r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{32}"),
    # Messages and mail
    TokenForm("slack-token", "xox xapp-", r"x(?:ox[abeoprs](?:\.xox[bp])?|app)-[A-Za-z0-9-]{16,}"),
    TokenForm(
        "discord-token", ".", r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}"
    ),
    TokenForm("telegram-token", ":AA", r"\d\d{7,9}:AA[A-Za-z0-9_-]{33}"),
    TokenForm("twilio-key", "SK AC", r"[SA][KC][0-9a-f]{32}"),
    TokenForm("sendgrid-key", "SG.", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    TokenForm("mailgun-key", "key-", r"key-[a-f0-9]{32}"),
    TokenForm("mailgun-key", "-", r"[a-f0-9][a-f0-9]{31}-[a-f0-9]{8}-[a-f0-9]{8}"),
    TokenForm("mailchimp-key", "-us", r"[0-9a-f][0-9a-f]{31}-us\d{1,2}"),
    TokenForm("brevo-key", "xkeysib- xsmtpsib-", r"x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}"),
    TokenForm("resend-key", "re_", r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}"),
    TokenForm("facebook-token", "EAAC EAAG EAAA", r"EAA[ACG][A-Za-z0-9]{58,}"),
    # Shops and payments
    TokenForm("stripe-key", "_live_ _test_ _prod_", r"[rs]k_(?:live|test|prod)_[A-Za-z0-9]{16,}"),
    TokenForm("stripe-webhook-secret", "whsec_", r"whsec_[A-Za-z0-9+/=]{32,}"),
    TokenForm(
        "shopify-token", "shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"
    ),
    TokenForm("square-token", "sq0", r"sq0[a-z]{3}-[A-Za-z0-9_-]{22,43}"),
    TokenForm("easypost-key", "EZAK EZTK", r"EZ[AT]K[A-Za-z0-9]{54}"),
    TokenForm("shippo-token", "shippo_", r"shippo_(?:live|test)_[a-fA-F0-9]{40}"),
    TokenForm("duffel-key", "duffel_", r"duffel_(?:live|test)_[A-Za-z0-9_-]{43}"),
    # Tools
    TokenForm("linear-key", "lin_", r"lin_(?:api|oauth)_[A-Za-z0-9]{40,}"),
    TokenForm("notion-token", "ntn_", r"ntn_[A-Za-z0-9]{43,46}"),
    TokenForm("notion-token", "secret_", r"secret_(?=[A-Za-z]{0,42}\d)[A-Za-z0-9]{43}"),
    TokenForm("figma-token", "figd_ figu_", r"fig[du]h?_[A-Za-z0-9_-]{40,}"),
    TokenForm("postman-key", "PMAK-", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    TokenForm("airtable-token", "pat", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    TokenForm("asana-token", "/", r"[012]/\d{14,18}(?:/\d{14,18})?:[a-f0-9]{32}"),
    TokenForm("atlassian-token", "ATATT3", r"ATATT3[A-Za-z0-9_=-]{60,}"),
    TokenForm("contentful-token", "CFPAT-", r"CFPAT-[A-Za-z0-9_-]{40,}"),
    TokenForm(
        "grafana-token",
        "glsa_ glc_",
        r"gl(?:sa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8}|c_[A-Za-z0-9+/]{32,}={0,3})",
    ),
    TokenForm(
        "new-relic-key",
        "NRAK- NRII- NRRA- NRBR- NRJS- NRSP-",
        r"NR(?:AK|II|RA|BR|JS|SP|IQ)-[A-Za-z0-9_-]{19,40}",
    ),
    TokenForm("new-relic-key", "NRAL", r"[a-f0-9][a-f0-9]{35}NRAL"),
    TokenForm("dynatrace-token", "dt0", r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    TokenForm("honeycomb-key", "hca", r"hca[a-z][kl]_[a-z0-9]{58}"),
    TokenForm("sentry-token", "sntrys_ sntryu_", r"sntry[su]_[A-Za-z0-9+/=_-]{40,}"),
    TokenForm("posthog-key", "phx_ phs_", r"ph[xs]_[A-Za-z0-9]{40,}"),
    TokenForm("buildkite-token", "bkua_ bkct_ bkaj_", r"bk(?:ua|ct|aj)_[A-Za-z0-9]{40}"),
    TokenForm(
        "circleci-token", "CCIPAT_ CCIPRJ_", r"CCIP(?:AT|RJ)_[A-Za-z0-9]{20,24}_[a-f0-9]{40}"
    ),
    TokenForm("prefect-token", "pnu_ pnb_", r"pn[ub]_[A-Za-z0-9]{36}"),
    TokenForm("launchdarkly-key", "sdk-", rf"sdk-{_HEX_ID}"),
    TokenForm("launchdarkly-key", "api-", rf"api-{_HEX_ID}"),
    TokenForm("onepassword-token", "ops_eyJ", r"ops_eyJ[A-Za-z0-9+/_-]{100,}={0,3}"),
    TokenForm(
        "onepassword-key",
        "A3-",
        r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}",
    ),
    TokenForm("dropbox-token", "sl.", r"sl\.(?:u\.)?[A-Za-z0-9_-]{120,}"),
    TokenForm("readme-key", "rdme_", r"rdme_[a-z0-9]{70}"),
    TokenForm("typeform-token", "tfp_", r"tfp_[A-Za-z0-9_.=-]{50,62}"),
    TokenForm("frameio-token", "fio-u-", r"fio-u-[A-Za-z0-9_=-]{64}"),
    TokenForm("age-key", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    # By form
    TokenForm(
        "jwt",
        "eyJ",
        r"eyJ[A-Za-z0-9_-]{8,}\.(?:eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{10,}|[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{8,32}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,})",
    ),
)
